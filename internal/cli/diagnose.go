package cli

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"fettle/accounts"
	"fettle/internal/config"
	"fettle/oauthflow/diagnose"
)

// maxPasted is how much of the end of a log is kept; diagnose.Text reads no more than the end of that.
const maxPasted = 1 << 20

func (a *app) diagnoseCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "diagnose [TEXT]",
		Short: "Explain a message from a job's log",
		Long: "diagnose explains what a message from a job's log means, what it rules out, which account is probably meant and what to type next. " +
			"The message is the argument, or comes on stdin; of a long log the end is read. It contacts nobody and needs no vault.",
		Example: "fettle diagnose 'invalid_grant: Token has been expired or revoked.'\ntail -1000 job.log | fettle diagnose",
		RunE: a.handle(func(_ *cobra.Command, args []string) error {
			text, skipped := strings.Join(args, " "), 0
			if text == "" {
				if isTerminal(a.stdin) {
					a.progress("Paste the message, then Ctrl-D:")
				}
				var err error
				if text, skipped, err = endOf(a.stdin); err != nil {
					return fmt.Errorf("read the message: %w", err)
				}
			}
			reading := diagnose.Text(text)
			if len(reading.Diagnoses) == 0 {
				return usage("there is no message: give it as an argument or on stdin")
			}
			reading.Shortened = reading.Shortened || skipped > 0
			for i := range reading.Diagnoses {
				// Lines count in what was given, not in what was kept of it.
				if d := &reading.Diagnoses[i]; d.Line > 0 {
					d.Line += skipped
				}
			}
			return a.explainReading(reading, a.suspects(reading))
		}),
	}
}

// endOf reads all there is and keeps the end: what stopped a job stands there, and a log may be larger than memory.
// It returns how many lines were dropped before it.
func endOf(r io.Reader) (end string, skipped int, err error) {
	in := bufio.NewReaderSize(r, 64<<10)
	kept := make([]byte, 0, 128<<10)
	for {
		piece, err := in.ReadSlice('\n')
		// Cut only once twice as much has come: moving the rest for each line would make a long log quadratic.
		if cut := len(kept) - maxPasted; cut > 0 && len(kept)+len(piece) > 2*maxPasted {
			skipped += bytes.Count(kept[:cut], []byte("\n"))
			kept = append(kept[:0], kept[cut:]...)
		}
		kept = append(kept, piece...)
		switch {
		case errors.Is(err, io.EOF):
			return string(kept), skipped, nil
		case err != nil && !errors.Is(err, bufio.ErrBufferFull):
			return "", 0, err
		}
	}
}

// wireDiagnosis is one finding. Field names, once released, stay.
type wireDiagnosis struct {
	Cause       string              `json:"cause"`
	Remedy      diagnose.Remedy     `json:"remedy"`
	Title       word                `json:"title"`
	Explanation word                `json:"explanation"`
	Evidence    word                `json:"evidence"`
	Confidence  diagnose.Confidence `json:"confidence"`
	Accounts    []string            `json:"accounts"`
	Line        *int                `json:"line"`
	Suspects    []wireSuspect       `json:"suspects"`
	Next        wireNext            `json:"next"`
}

// wireSuspect is an account that may be meant, with the reasons; named: the text itself names it.
type wireSuspect struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Named bool     `json:"named"`
	Why   []string `json:"why"`
}

// wireNext is what to type; commands have NAME in them where no account is known.
type wireNext struct {
	Step     diagnose.Step `json:"step"`
	Words    string        `json:"words"`
	Commands []string      `json:"commands"`
}

// wireExclusion is what the text speaks against.
type wireExclusion struct {
	What diagnose.Suspicion `json:"what"`
	Why  string             `json:"why"`
}

// wireFacts is all that is given back of a text; tokens and passwords are never among it.
type wireFacts struct {
	Providers []string `json:"providers"`
	ClientIDs []string `json:"client_ids"`
	Emails    []string `json:"emails"`
	Hosts     []string `json:"hosts"`
	Times     []stamp  `json:"times"`
	Statuses  []int    `json:"http_statuses"`
}

func wireFactsOf(f diagnose.Facts) wireFacts {
	w := wireFacts{list(f.Providers), list(f.ClientIDs), list(f.Emails), list(f.Hosts), []stamp{}, list(f.Statuses)}
	for _, t := range f.Times {
		w.Times = append(w.Times, stamp{t})
	}
	return w
}

// wireDiagnosisOf joins a diagnosis with the accounts it is probably about.
func wireDiagnosisOf(d diagnose.Diagnosis, of []accounts.Suspect, providers []string) wireDiagnosis {
	w := wireDiagnosis{
		Cause: d.Cause, Remedy: d.Remedy, Title: word(d.Title), Explanation: word(d.Explanation), Evidence: word(d.Evidence), Confidence: d.Confidence,
		Accounts: []string{}, Suspects: []wireSuspect{},
	}
	if d.Line > 0 {
		w.Line = &d.Line
	}
	for _, s := range of {
		w.Accounts = append(w.Accounts, s.Name)
		w.Suspects = append(w.Suspects, wireSuspect{s.AccountID, s.Name, s.Named, list(s.Why)})
	}
	provider := ""
	if len(providers) == 1 {
		provider = providers[0]
	}
	n := d.Next("", provider)
	if len(of) > 0 {
		n = of[0].Next(d)
	}
	w.Next = wireNext{n.Step, n.Words, n.Commands}
	return w
}

// explainReading prints what was found, the surest first.
func (a *app) explainReading(r diagnose.Reading, suspects [][]accounts.Suspect) error {
	all := make([]wireDiagnosis, 0, len(r.Diagnoses))
	for i, d := range r.Diagnoses {
		var of []accounts.Suspect
		if i < len(suspects) {
			of = suspects[i]
		}
		all = append(all, wireDiagnosisOf(d, of, r.Facts.Providers))
	}
	if a.json {
		excluded := []wireExclusion{}
		for _, x := range r.RuledOut {
			excluded = append(excluded, wireExclusion{x.What, x.Why})
		}
		return a.emit(struct {
			Format string `json:"format"`
			wireDiagnosis
			Further   []wireDiagnosis `json:"further"`
			RuledOut  []wireExclusion `json:"ruled_out"`
			Facts     wireFacts       `json:"facts"`
			Shortened bool            `json:"shortened"`
		}{"fettle.diagnosis/1", all[0], list(all[1:]), excluded, wireFactsOf(r.Facts), r.Shortened})
	}
	if r.Shortened {
		a.progress("fettle: the text is long; its end was read")
	}
	for i, d := range all {
		if i > 0 {
			a.printf("")
		}
		a.printDiagnosis(d)
	}
	if len(r.RuledOut) > 0 {
		a.printf("")
		a.printf("ruled out:")
		for _, x := range r.RuledOut {
			a.printf("  %s: %s", strings.ReplaceAll(string(x.What), "_", " "), x.Why)
		}
	}
	return nil
}

func (a *app) printDiagnosis(d wireDiagnosis) {
	head := string(d.Confidence)
	if d.Remedy == diagnose.Unknown {
		head = "no rule fits"
	}
	a.printf("%s (%s)", shown(string(d.Title), 200), head)
	if d.Explanation != "" {
		a.printf("  → %s", string(d.Explanation))
	}
	if d.Evidence != "" {
		where := ""
		if d.Line != nil {
			where = fmt.Sprintf(" (line %d)", *d.Line)
		}
		a.printf("  read in: %s%s", shown(string(d.Evidence), 160), where)
	}
	for i, s := range d.Suspects {
		label := "          "
		if i == 0 {
			label = "account:  "
		}
		a.printf("  %s%s: %s", label, s.Name, shown(strings.Join(s.Why, "; "), 160))
	}
	a.printf("  next:     %s", d.Next.Words)
	for _, c := range d.Next.Commands {
		a.printf("            %s", c)
	}
}

// suspects finds the accounts that each diagnosis is about, if there is a book; explaining a message needs none.
func (a *app) suspects(r diagnose.Reading) [][]accounts.Suspect {
	paths, err := config.Where(a.configFile, a.dataDir)
	if err != nil {
		return nil
	}
	if _, err := os.Stat(filepath.Join(paths.Data, "fettle.db")); err != nil {
		return nil
	}
	var found [][]accounts.Suspect
	err = a.within(func(ctx context.Context, h *house) (err error) {
		found, err = h.book.SuspectsOfEach(ctx, r)
		return err
	})
	if err != nil {
		a.progress("fettle: the accounts were not looked at: %s", a.explain(err).Message)
	}
	return found
}
