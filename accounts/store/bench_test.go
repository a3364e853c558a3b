package store_test

import (
	"fmt"
	"testing"

	"fettle/accounts/store"
)

func BenchmarkAccounts(b *testing.B) {
	for _, rows := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(rows), func(b *testing.B) {
			s := open(b, b.TempDir())
			update(b, s, func(w store.Writer) error {
				for i := range rows {
					a := sampleAccount(i)
					if err := w.PutAccount(&a); err != nil {
						return err
					}
				}
				return nil
			})
			for b.Loop() {
				view(b, s, func(r store.Reader) error {
					all, err := r.Accounts()
					if len(all) != rows {
						b.Fatalf("%d accounts", len(all))
					}
					return err
				})
			}
		})
	}
}

// BenchmarkUpdate makes the durable write at the end of a refresh: grant, account, intent.
func BenchmarkUpdate(b *testing.B) {
	s := open(b, b.TempDir())
	a := sampleAccount(1)
	update(b, s, func(w store.Writer) error { return w.PutAccount(&a) })
	blob := make([]byte, 3000)
	for seq := int64(0); b.Loop(); seq++ {
		update(b, s, func(w store.Writer) error {
			g := store.Grant{AccountID: a.ID, Role: store.Current, Seq: seq + 1, Blob: blob}
			if err := w.PutGrant(&g, seq); err != nil {
				return err
			}
			if err := w.PutIntent(store.Intent{AccountID: a.ID, Seq: seq}); err != nil {
				return err
			}
			return w.PutAccount(&a)
		})
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
}

func BenchmarkOpen(b *testing.B) {
	dir := b.TempDir()
	open(b, dir)
	for b.Loop() {
		s, err := store.Open(b.Context(), dir)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
