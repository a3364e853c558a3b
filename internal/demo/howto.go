package demo

import (
	"fmt"
	"strings"
)

// noticeWidth is what a screen of 80 columns has room for.
const noticeWidth = 78

// Notice is one line for the screen: how to approve without a browser.
func (w *World) Notice() string {
	how := "Approve: curl -d user_code=CODE -d allow=all URL"
	for _, more := range []string{"; more: " + w.Dir, ""} {
		if len(how+more) <= noticeWidth {
			return how + more
		}
	}
	return how
}

// howTo is the text of HOW-TO-APPROVE.txt.
func (w *World) howTo() string {
	var b strings.Builder
	line := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) } // a Builder never fails
	suite, archive := w.servers["suite"], w.servers["archive"]
	line("HOW TO APPROVE IN THE FETTLE DEMO")
	line("")
	line("The providers of the demo are web servers on this machine, and a browser on it can open")
	line("their pages. Without one, curl does what a person does there: run these lines in a second")
	line("terminal while fettle waits.")
	line("")
	line("Device code: CODE is the code that fettle shows.")
	line("")
	for _, st := range w.stages {
		line("  %-13s curl -d user_code=CODE -d allow=all %s", st.options.Name, w.servers[st.id].DeviceURL())
	}
	line("")
	line("Browser: ADDRESS is the one that fettle shows, in quotes. This prints the address where the")
	line("browser would end; paste it into fettle.")
	line("")
	line("  curl -s -o /dev/null -w '%%{redirect_url}\\n' -d allow=all 'ADDRESS'")
	line("")
	line("Without another word you are the first person of the provider; -d user=E-MAIL makes you")
	line("another. -d deny=1 in place of the allow= cancels. To leave boxes unticked, put the ones")
	line("that are ticked in place of -d allow=all:")
	for _, st := range w.stages {
		line("")
		line("  %s", st.options.Name)
		for _, u := range st.options.Users {
			line("    -d user=%s", u.Email)
		}
		for _, service := range st.options.Services {
			for _, p := range service.Permissions {
				line("    -d allow=%-25s %s", p.Scope, p.Words)
			}
		}
	}
	line("")
	line("What happens behind an operator's back: somebody revokes what fettle was allowed (refresh or")
	line("verify to find out), and Demo Archive, which is down, comes back.")
	line("")
	line("  curl -d user=%s %s/sandbox/revoke", roleOf("web-ga").email(), suite.URL())
	line("  curl -d clear=1 %s/sandbox/faults", archive.URL())
	line("")
	line("Commands work on this world too, as long as the demo runs:")
	line("")
	line("  fettle --config %s --data %s status", w.Config, w.Data)
	return b.String()
}
