package accounts

import (
	"context"
	"fmt"
	"slices"

	"fettle/oauthflow/provider"
)

// FlowChoice is one way of authorizing and why it is, or is not, the one to take.
type FlowChoice struct {
	Kind        provider.FlowKind
	Preferred   bool
	Why         string
	Consent     string // what the consent page will ask, one sentence
	Unavailable string // non-empty: why this way cannot be used here
}

// FlowChoices lists the ways of authorizing req, the preferred one first, each with its reason. It asks nobody.
func (b *Book) FlowChoices(ctx context.Context, req AuthorizeRequest) ([]FlowChoice, error) {
	plan, err := b.planAuthorization(ctx, req)
	if err != nil {
		return nil, err
	}
	return plan.choices(), nil
}

// choices ranks the two flows: over SSH the one that needs nothing back on this machine comes first,
// otherwise the provider's own order decides; what cannot be used stands last with the reason.
func (plan authorization) choices() []FlowChoice {
	var usable, rest []FlowChoice
	for _, kind := range plan.order() {
		c := FlowChoice{Kind: kind, Consent: consentWords(plan.provider, plan.Services), Unavailable: plan.obstacle(kind)}
		if c.Unavailable == "" {
			usable = append(usable, c)
		} else {
			rest = append(rest, c)
		}
	}
	for i := range usable {
		usable[i].Preferred = i == 0
		usable[i].Why = plan.reason(usable[i].Kind, i == 0, len(usable) == 1)
	}
	return slices.Concat(usable, rest)
}

func (plan authorization) order() []provider.FlowKind {
	order := slices.Clone(plan.provider.Flows)
	for _, kind := range []provider.FlowKind{provider.Browser, provider.Device} {
		if !slices.Contains(order, kind) {
			order = append(order, kind)
		}
	}
	if plan.OverSSH {
		slices.SortStableFunc(order, func(x, y provider.FlowKind) int {
			return rank(x) - rank(y)
		})
	}
	return order
}

// rank orders flows for a machine without a browser.
func rank(kind provider.FlowKind) int {
	if kind == provider.Device {
		return 0
	}
	return 1
}

// obstacle says why a flow cannot be used, or nothing.
func (plan authorization) obstacle(kind provider.FlowKind) string {
	p := plan.provider
	if !slices.Contains(p.Flows, kind) {
		return fmt.Sprintf("%s does not offer the %s flow", p.Name, kind)
	}
	if err := p.Supports(kind, plan.scopes); err != nil {
		return err.Error()
	}
	if kind == provider.Device && plan.client.Kind == kindWeb {
		return fmt.Sprintf("the client %q is a web application, and the device flow needs another type of client", plan.client.Label)
	}
	if plan.lacksSecret(kind) {
		return fmt.Sprintf("the client %q has no secret, without which %s does not complete the %s flow", plan.client.Label, p.Name, kind)
	}
	return ""
}

// lacksSecret reports whether a flow would end in a refused exchange, after the person has signed in. Where the client's
// kind is not known, one that could be without a secret is enough to let it try, and so is config.toml saying auth = "none".
func (plan authorization) lacksSecret(flow provider.FlowKind) bool {
	if plan.client.HasSecret {
		return false
	}
	kinds := plan.provider.ClientKindList()
	if k, known := plan.provider.ClientKinds[plan.client.KindID]; known {
		kinds = []provider.ClientKind{k}
	} else if plan.client.FromConfig && plan.provider.Client.Auth == provider.AuthNone {
		return false
	}
	able := 0
	for _, k := range kinds {
		if !slices.Contains(k.Flows, flow) {
			continue
		}
		if able++; !k.NeedsSecretFor(flow) {
			return false
		}
	}
	return able > 0
}

func (plan authorization) reason(kind provider.FlowKind, first, only bool) string {
	switch {
	case only && kind == provider.Browser && plan.OverSSH:
		return "open the address on your own computer and paste back the one you end on: these services allow no other way"
	case only && kind == provider.Browser:
		return "sign in with a browser: these services allow no other way"
	case only:
		return "enter a short code on any device: these services allow no other way"
	case kind == provider.Device && plan.OverSSH:
		return "enter a short code on any device: nothing has to come back to this server"
	case kind == provider.Device && first:
		return "enter a short code on any device: " + plan.provider.Name + " prefers it"
	case kind == provider.Device:
		return "enter a short code on any device, if no browser runs here"
	case plan.OverSSH:
		return "open the address on your own computer, then paste back the one you end on or forward the port by SSH"
	}
	return "sign in with a browser on this computer"
}
