package diagnose

// Step is what an operator does next, by a stable identifier. Screens turn it into what they open, commands
// into the line to type.
type Step string

// The steps.
const (
	StepSignIn    Step = "sign_in"   // authorize the account again; then write its password files anew
	StepRefresh   Step = "refresh"   // ask for a new access token now
	StepVerify    Step = "verify"    // wait, then prove the account
	StepClient    Step = "client"    // correct the client registration
	StepProvider  Step = "provider"  // correct config.toml, or this machine, and check the provider's entry
	StepElsewhere Step = "elsewhere" // somebody acts at the provider; then verify
	StepLook      Step = "look"      // nothing is known: look at the accounts
	StepFiles     Step = "files"     // the account works here: write its password files anew
)

// Next is a step in words and commands.
type Next struct {
	Step     Step
	Words    string   // what it asks of the operator, one sentence
	Commands []string // in their order; never empty
}

// steps says what each remedy asks of the operator.
var steps = map[Remedy]struct {
	step  Step
	words string
}{
	RetryLater:               {StepVerify, "Try again in a while; nothing is wrong with the account."},
	Refresh:                  {StepRefresh, "Refresh the account."},
	Reauthorize:              {StepSignIn, "Sign in again, then write the password files anew."},
	ReauthorizeInteractively: {StepSignIn, "Sign in again in person, with the second factor if the provider asks for it."},
	GrantPermissions:         {StepSignIn, "Sign in again and tick every box."},
	AskAdministrator:         {StepElsewhere, "Ask the administrator of the organisation to allow it, then verify."},
	FixClient:                {StepClient, "Correct the client registration, then sign in again."},
	FixUserAccount:           {StepElsewhere, "Put the user's account right at the provider, then verify."},
	FixMachine:               {StepProvider, "Put this machine right: its clock, name lookup, proxy or configuration; then verify."},
	Unknown:                  {StepLook, "Look at the state of the accounts; verify the one that is meant."},
}

// anyName stands in a command for the account that is not known.
const anyName = "NAME"

// ByFiles is the step for an account that works here while a job is told that its sign-in is over: the job carries a
// former credential, and another sign-in would mend nothing.
func ByFiles(account string) Next {
	return Next{
		Step: StepFiles, Words: "The account works here now, so the job probably carries a former credential: prove the account, then write its password files anew.",
		Commands: []string{"fettle verify " + account, "fettle pwfile generate --account " + account},
	}
}

// EndsGrant reports whether only a new sign-in helps.
func (r Remedy) EndsGrant() bool {
	return r == Reauthorize || r == ReauthorizeInteractively || r == GrantPermissions
}

// Next says what to do about a diagnosis. account is the reference name of the account that is meant and
// provider its provider's id; either may be empty, and the commands then hold NAME or PROVIDER for it.
func (d Diagnosis) Next(account, provider string) Next {
	s, ok := steps[d.Remedy]
	if !ok {
		s = steps[Unknown]
	}
	n := Next{Step: s.step, Words: s.words}
	if account == "" {
		account = anyName
	}
	if provider == "" {
		provider = "PROVIDER"
	}
	verify := "fettle verify " + account
	switch s.step {
	case StepSignIn:
		n.Commands = []string{"fettle authorize --name " + account, "fettle pwfile generate --account " + account}
	case StepRefresh:
		n.Commands = []string{"fettle refresh " + account}
	case StepClient:
		n.Commands = []string{"fettle client list", "fettle authorize --name " + account}
	case StepProvider:
		n.Commands = []string{"fettle provider check " + provider, verify}
	case StepLook:
		if n.Commands = []string{verify}; account == anyName {
			n.Commands = []string{"fettle status"}
		}
	default:
		n.Commands = []string{verify}
	}
	return n
}
