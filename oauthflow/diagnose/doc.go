// Package diagnose explains what went wrong with an account and what to do about it.
//
// One table of rules (rules/*.toml, embedded) maps where an error happened, its codes and its HTTP status to
// a cause and a remedy. Two readers use it:
//
//   - Explain and Of take an error that fettle got itself. Its provider and place are known, so that its code
//     decides. Start reading at Explain (diagnose.go), then rule.match (rule.go).
//   - Text takes what somebody pastes from a job's log. There nothing says for sure what a word means. The text is
//     unwrapped (unwrap.go), cut into entries (entries.go) whose words are looked up (words.go, table.go); each
//     entry is explained as far as its words carry (examine.go); what better findings explain is dropped
//     (findings.go). Besides there is what the text rules out (ruledout.go) and what it mentions (facts.go). Start
//     reading at Text (text.go).
//
// A row is added in a rules file, with a line in testdata/answers and, if a log has its own words for it, a case in
// testdata/logs.txtar. A sentence that its provider alone writes is own to the rule and stands for the name. A word that other programs use too belongs to no distinct list, and testdata/hostile.txtar
// gets the text that misled.
//
// The package imports oauthflow and internal guards, and contacts nobody.
package diagnose
