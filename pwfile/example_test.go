package pwfile_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"filippo.io/age"
	"golang.org/x/oauth2"

	"fettle/pwfile"
)

// A job in Go needs the file and this server's data folder, made by `fettle server init`. The client asks for newer
// tokens by itself, and goes on with the file that replaces this one.
func Example() {
	path, dir, api, done := exampleSite()
	defer done()
	ctx := context.Background()

	file, err := pwfile.Open(ctx, path, pwfile.ReaderOptions{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	client := oauth2.NewClient(ctx, file.TokenSource(ctx, "sales-ga"))
	answer, err := client.Get(api)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	fmt.Println(string(text), err)
	// Output: 42 visitors <nil>
}

// What stops a job has a code, and says what to do.
func ExampleFileError() {
	path, dir, _, done := exampleSite()
	defer done()
	stranger := filepath.Join(filepath.Dir(dir), "another-server")
	_, err := pwfile.Open(context.Background(), path, pwfile.ReaderOptions{Dir: stranger})
	if refused, ok := errors.AsType[*pwfile.FileError](err); ok {
		fmt.Println(refused.Code)
		fmt.Println(refused.Remedy)
	}
	// Output:
	// not_recipient
	// run `fettle server init` as this user and give its recipient to the canvas
}

// exampleSite writes a password file for a provider of its own.
func exampleSite() (path, dir, api string, done func()) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/token":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"access_token":"access","token_type":"Bearer","expires_in":3600}`)
		case r.Header.Get("Authorization") == "Bearer access":
			_, _ = io.WriteString(w, "42 visitors")
		default:
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	top, err := os.MkdirTemp("", "fettle-example-")
	if err != nil {
		panic(err)
	}
	dir, path = filepath.Join(top, "data"), filepath.Join(top, "daily-sales.pwfile.age")
	recipient, _, err := pwfile.InitServer(dir)
	if err != nil {
		panic(err)
	}
	line1, err := json.Marshal(map[string]any{
		"format": pwfile.Format, "book": "b", "file_id": "f", "serial": 1, "recipients": []string{recipient}, "canvas": "daily-sales",
		"accounts": []any{map[string]any{
			"name": "sales-ga", "provider": "acme", "client": map[string]any{"id": "c"}, "token_endpoint": provider.URL + "/token",
			"auth": "none", "refresh_token": "refresh", "generation": 1, "rotation": "none",
		}},
	})
	if err != nil {
		panic(err)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	line2, err := json.Marshal(map[string]any{"signature": map[string]any{
		"key": []byte(key.Public().(ed25519.PublicKey)), "sig": ed25519.Sign(key, append([]byte(pwfile.Format+"\n"), line1...)),
	}})
	if err != nil {
		panic(err)
	}
	to, err := age.ParseX25519Recipient(recipient)
	if err != nil {
		panic(err)
	}
	var file bytes.Buffer
	w, err := age.Encrypt(&file, to)
	if err == nil {
		_, err = w.Write(bytes.Join([][]byte{line1, line2, nil}, []byte("\n")))
	}
	if err = errors.Join(err, w.Close(), os.WriteFile(path, file.Bytes(), 0o600)); err != nil {
		panic(err)
	}
	return path, dir, provider.URL + "/visitors", func() {
		provider.Close()
		_ = os.RemoveAll(top) // a folder of this test's own
	}
}
