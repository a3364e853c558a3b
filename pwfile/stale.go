package pwfile

// StaleCode names a reason for which a password file is stale.
type StaleCode string

// The reasons. Only the last one does not make a file stale.
const (
	StaleNeverWritten  StaleCode = "never_written"
	StaleGeneration    StaleCode = "generation" // carries a former credential, or not exactly the canvas's accounts
	StaleRecipients    StaleCode = "recipients"
	StaleMissing       StaleCode = "missing"
	StaleChanged       StaleCode = "changed"       // the main place holds something else than was written
	StalePlaceDiffers  StaleCode = "place_differs" // another place does
	StaleCanvasMissing StaleCode = "canvas_missing"
)

// Information reports whether the code informs only: writing the file again would not mend it.
func (c StaleCode) Information() bool { return c == StaleCanvasMissing }

// Reason is one thing that makes a password file stale.
type Reason struct {
	Code      StaleCode
	Text      string // one sentence
	AccountID string // the account it is about, if any
	PlaceID   string // the place it is about, if any
}
