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

// Next says what to do about a diagnosis. account is the reference name of the account that is meant and
// provider its provider's id; either may be empty, and the commands then hold NAME or PROVIDER for it.
func (d Diagnosis) Next(account, provider string) Next {
	s, ok := steps[d.Remedy]
	if !ok {
		s = steps[Unknown]
	}
	n := Next{Step: s.step, Words: s.words}
	if account == "" {
		account = "NAME"
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
		n.Commands = []string{"fettle status", verify}
	default:
		n.Commands = []string{verify}
	}
	return n
}
