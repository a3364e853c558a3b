package tui

// Conditions of actions: each says why the action is off, or nothing. The words are a clause without a full stop: help puts
// them into a sentence of its own, and the notice makes them one. Where another key would help, they name it.

// needsAccount is for actions that several marked accounts take together; a marked one is always stored.
func needsAccount(s situation) string {
	if s.marked > 0 {
		return ""
	}
	return needsStored(s)
}

// needsOneAccount is for what is about the account under the cursor alone, whatever is marked.
func needsOneAccount(s situation) string {
	if s.account == nil {
		return "no account is selected"
	}
	return ""
}

// needsStored leaves out a row that is a sign-in under way: there is nothing to refresh or remove yet.
func needsStored(s situation) string {
	if s.begun {
		return "this sign-in is not finished; enter opens it"
	}
	return needsOneAccount(s)
}

// needsLive leaves out what was removed here and could not be revoked: its removal is to be finished, not undone.
func needsLive(s situation) string {
	if s.account != nil && s.account.ToRevoke {
		return "it was removed here; x tries again to revoke it"
	}
	return needsOneAccount(s)
}

// needsProblem is for f, which writes stale files once no account is broken: either counts.
func needsProblem(s situation) string {
	if s.broken == 0 {
		return "nothing is broken"
	}
	return ""
}

// needsURL waits for the provider's answer, which brings the address.
func needsURL(s situation) string {
	if !s.url {
		return "there is no address yet"
	}
	return ""
}

func needsCode(s situation) string {
	if !s.code {
		return "this way of signing in has no code"
	}
	return ""
}

// needsKnown is for what is about the whole list: with none, there is nothing to sort, filter or write.
func needsKnown(s situation) string {
	if s.known == 0 {
		return "there is no account yet"
	}
	return ""
}

// needsPaste is off where a code is typed on another device: no address comes back from there.
func needsPaste(s situation) string {
	if s.waiting && s.code {
		return "a code leaves nothing to paste"
	}
	return needsSignIn(s)
}

// needsSignIn is off as soon as the person has signed in: there is nothing left to drop or to do otherwise.
func needsSignIn(s situation) string {
	if !s.waiting {
		return "no sign-in is waiting"
	}
	return ""
}

func needsClient(s situation) string {
	if s.client == nil {
		return "there is no client yet; a adds one"
	}
	return ""
}

// needsOwnClient leaves out clients of config.toml, which fettle never writes.
func needsOwnClient(s situation) string {
	if s.client != nil && s.client.FromConfig {
		return "this client stands in config.toml: edit it there"
	}
	return needsClient(s)
}

// needsOwnSecret leaves out public clients: they have nothing that could end (RFC 6749 §2.1).
func needsOwnSecret(s situation) string {
	if s.client != nil && !s.client.FromConfig && !s.client.HasSecret {
		return "this client has no secret"
	}
	return needsOwnClient(s)
}

func needsClientIdle(s situation) string {
	if why := needsIdle(s); why != "" {
		return why
	}
	return needsClient(s)
}

// needsUnusedClient keeps a client that accounts use: their refresh tokens are bound to it (RFC 6749 §6).
func needsUnusedClient(s situation) string {
	if s.client != nil && !s.client.FromConfig && len(s.client.UsedBy) > 0 {
		return count(len(s.client.UsedBy), "account") + " signed in through it: remove or re-authorize first " + usedByWords(s.client.UsedBy)
	}
	return needsOwnClient(s)
}

func needsCanvas(s situation) string {
	if s.canvas == nil {
		return "there is no canvas here; a adds one"
	}
	return ""
}

func needsPackage(s situation) string {
	if s.pack == nil {
		return "there is no package yet; a adds one"
	}
	return ""
}

// needsStale is for the page of the canvases, where broken counts the stale files alone.
func needsStale(s situation) string {
	if s.broken == 0 {
		return "no password file is stale"
	}
	return ""
}

func needsObstacle(s situation) string {
	if s.obstacle == "" {
		return "no account stands in the way of this canvas"
	}
	return ""
}

func needsResource(s situation) string {
	if s.entry == "" {
		return "no resource is under the cursor"
	}
	return ""
}

// needsIdle keeps the same work from being begun twice.
func needsIdle(s situation) string {
	if s.job != nil && s.job.running {
		return "it is under way; ctrl+x stops it"
	}
	return ""
}

func needsListing(s situation) string {
	if s.unlisted != "" {
		return s.unlisted
	}
	return needsIdle(s)
}

// needsJob is for ctrl+x. What is firm ends by itself soon, and half of it would be worse than all or nothing.
func needsJob(s situation) string {
	switch {
	case s.job == nil || !s.job.running:
		return "nothing is running here"
	case s.firm:
		return "this is over in a moment and cannot be stopped"
	}
	return ""
}
