package cli

import (
	"fettle/internal/safetext"
	"fettle/pwfile"
)

// wireInfo is fettle.pwfile_info/1. What can only be read inside is null or empty unless opened is true.
type wireInfo struct {
	Format      string            `json:"format"`
	Path        string            `json:"path"`
	Size        int64             `json:"size"`
	SHA256      string            `json:"sha256"`
	ModifiedAt  stamp             `json:"modified_at"`
	Mode        word              `json:"mode"`
	Encryption  []string          `json:"encryption"`
	Opened      bool              `json:"opened"`
	Writer      word              `json:"writer"`
	Book        word              `json:"book"`
	FileID      word              `json:"file_id"`
	Serial      int64             `json:"serial"`
	Canvas      word              `json:"canvas"`
	GeneratedAt stamp             `json:"generated_at"`
	Recipients  []string          `json:"recipients"`
	Accounts    []wireInfoAccount `json:"accounts"`
	Problem     *wireFailure      `json:"problem"`
}

// wireInfoAccount is an account in the file, without any of its tokens.
type wireInfoAccount struct {
	Name       string       `json:"name"`
	Provider   string       `json:"provider"`
	Identity   wireIdentity `json:"identity"`
	Client     word         `json:"client"`
	Scopes     []string     `json:"scopes"`
	Generation int64        `json:"generation"`
	Rotation   word         `json:"rotation"`
	HasRefresh bool         `json:"has_refresh_token"`
}

// wireInfoOf sanitises what comes from the file.
func wireInfoOf(i pwfile.Info) wireInfo {
	safe := func(s string) word { return word(safetext.Line(s)) }
	safeAll := func(in []string) []string {
		out := []string{}
		for _, s := range in {
			out = append(out, safetext.Line(s))
		}
		return out
	}
	w := wireInfo{
		Format: "fettle.pwfile_info/1", Path: safetext.Line(i.Path), Size: i.Size, SHA256: i.SHA256, ModifiedAt: stamp{i.ModTime}, Mode: word(i.Mode),
		Encryption: safeAll(i.Kinds), Opened: i.Opened, Writer: safe(i.Writer), Book: safe(i.Book), FileID: safe(i.FileID), Serial: i.Serial,
		Canvas: safe(i.Canvas), GeneratedAt: stamp{i.GeneratedAt}, Recipients: safeAll(i.Recipients), Accounts: []wireInfoAccount{},
	}
	for _, a := range i.Accounts {
		w.Accounts = append(w.Accounts, wireInfoAccount{
			safetext.Line(a.Name), safetext.Line(a.Provider), wireIdentity{safe(a.Identity.Subject), safe(a.Identity.Email)}, safe(a.ClientID),
			safeAll(a.Scopes), a.Generation, safe(string(a.Rotation)), a.HasRefresh,
		})
	}
	if i.Problem != nil {
		w.Problem = &wireFailure{Code: string(i.Problem.Code), Message: safetext.Line(i.Problem.Text), Remedy: safe(i.Problem.Remedy)}
	}
	return w
}
