package tui

import "testing"

// After a repair the worst problem that was not tried yet comes next, wherever the list has moved the one just tried.
func TestTheWorstUntriedProblemComesNext(t *testing.T) {
	t.Parallel()
	m := testModel(80, 24, sampleData())
	m.jobs = m.jobs.put(job{id: jobID{jobFlow, "finance-sheets"}})
	for after, want := range map[string]string{"": "sales-ga", "id-finance-sheets": "sales-ga", "id-sales-ga": "ads-eu"} {
		if a, ok := nextProblem(m.frame(), after); !ok || a.Name != want {
			t.Errorf("after %q comes %q, want %q", after, a.Name, want)
		}
	}
	for _, id := range m.data.problems {
		a, _ := m.frame().account(id)
		m.jobs = m.jobs.put(job{id: jobID{jobFlow, a.Name}})
	}
	if a, _ := nextProblem(m.frame(), "id-sales-ga"); a.Name != "finance-sheets" {
		t.Errorf("once all were tried, %q comes after sales-ga", a.Name)
	}
}
