package cli

import (
	"fmt"
	"strings"
)

// units are a service and a timer for each task.
func (s schedule) units(ofUser bool) []scheduled {
	dir := "/etc/systemd/system/"
	if ofUser {
		dir = "~/.config/systemd/user/"
	}
	var files []scheduled
	for i, t := range tasks {
		timer := s.timer(t)
		if i == 0 {
			timer = installUnits(ofUser) + timer
		}
		// The timer first: its comments say how to install all of them.
		files = append(files, scheduled{dir + t.name + ".timer", timer}, scheduled{dir + t.name + ".service", s.service(t, ofUser)})
	}
	return files
}

// installUnits says how, in comments of the first file.
func installUnits(ofUser bool) string {
	var names []string
	for _, t := range tasks {
		names = append(names, t.name+".timer")
	}
	enable := "systemctl daemon-reload && systemctl enable --now " + strings.Join(names, " ")
	lines := []string{
		"# To install: save each part under the name in the comment above it, then as root:",
		"#   " + enable,
		"# See what ran: systemctl list-timers 'fettle-*'; journalctl -u fettle-refresh",
	}
	if ofUser {
		lines = []string{
			"# To install: save each part under the name in the comment above it, then:",
			"#   " + strings.ReplaceAll(enable, "systemctl", "systemctl --user"),
			"#   loginctl enable-linger    # else they run only while you are logged in",
			"# See what ran: systemctl --user list-timers 'fettle-*'; journalctl --user -u fettle-refresh",
		}
	}
	return strings.Join(lines, "\n") + "\n\n"
}

// timer is the unit that starts the service of its name.
func (s schedule) timer(t task) string {
	when := fmt.Sprintf("*-*-* %02d:%02d:00", t.hour, s.minute)
	if t.hour < 0 {
		when = fmt.Sprintf("*-*-* *:%02d:00", s.minute)
	}
	// Persistent: a server that was off at that hour runs it when it is up again.
	return fmt.Sprintf("[Unit]\nDescription=%s\n\n[Timer]\nOnCalendar=%s\nRandomizedDelaySec=%s\nPersistent=true\n\n[Install]\nWantedBy=timers.target\n",
		t.about, when, t.delay)
}

// service is what runs. A user's own manager knows neither User= nor network-online.target.
func (s schedule) service(t task, ofUser bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "[Unit]\nDescription=%s\n", t.about)
	if !ofUser {
		b.WriteString("Wants=network-online.target\nAfter=network-online.target\n")
	}
	b.WriteString("\n[Service]\nType=oneshot\n")
	if !ofUser {
		fmt.Fprintf(&b, "User=%s\n", strings.ReplaceAll(s.user, "%", "%%"))
	}
	for _, v := range s.vars {
		fmt.Fprintf(&b, "Environment=%s\n", unitWord(v[0]+"="+v[1], false))
	}
	words := make([]string, 0, len(s.flags)+len(t.args)+1)
	for _, w := range s.command(t) {
		words = append(words, unitWord(w, true))
	}
	fmt.Fprintf(&b, "ExecStart=%s\n", strings.Join(words, " "))
	if t.good != "" {
		fmt.Fprintf(&b, "SuccessExitStatus=%s\n", t.good)
	}
	// Ending waits for a token request under way: 35 s at most.
	b.WriteString("NoNewPrivileges=true\nTimeoutStartSec=1h\nTimeoutStopSec=45s\n")
	return b.String()
}

// unitWord quotes one word for a unit file: % begins a specifier anywhere, $ a variable in a command line.
func unitWord(s string, command bool) string {
	s = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "%", "%%").Replace(s)
	if command {
		s = strings.ReplaceAll(s, "$", "$$")
	}
	if strings.ContainsAny(s, " \t'\"\\;$") || s == "" {
		return `"` + s + `"`
	}
	return s
}

// crontab is one file, of one line for each task.
func (s schedule) crontab() []scheduled {
	var b strings.Builder
	fmt.Fprintf(&b, "# To install, as %s: crontab -e, and paste these lines. Output goes to MAILTO, so refresh and check are quiet when all is well.\n", s.user)
	b.WriteString("SHELL=/bin/sh\n")
	for _, v := range s.vars {
		fmt.Fprintf(&b, "%s=%q\n", v[0], v[1])
	}
	for _, t := range tasks {
		hour := "*"
		if t.hour >= 0 {
			hour = fmt.Sprint(t.hour)
		}
		words := make([]string, 0, len(s.flags)+len(t.args)+1)
		for _, w := range s.command(t) {
			words = append(words, cronWord(w))
		}
		line := strings.Join(words, " ")
		// cron mails whatever is printed, so a run that went well keeps silent.
		fmt.Fprintf(&b, "%d %s * * * out=$(%s 2>&1) || echo \"$out\"\n", s.minute, hour, line)
	}
	return []scheduled{{"crontab", b.String()}}
}

// cronWord quotes one word for the shell, and % for cron, to which it is a line break even between quotes.
func cronWord(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(plainInShell, r) }) || s == "" {
		s = "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
	}
	return strings.ReplaceAll(s, "%", `\%`)
}

const plainInShell = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-=:@+"
