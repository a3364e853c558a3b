package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fettle/internal/atomicfile"
	"fettle/internal/sandbox"
)

// World is a running demo: its folder and its providers.
type World struct {
	Dir      string // the temporary folder
	Config   string // its config.toml
	Data     string // the folder of the book
	Canvases string // the folder of the canvases and their password files

	stages  []stage
	servers map[string]*sandbox.Server // by provider
	clock   *clock
}

// HowTo is the file in Dir that says how to approve without a browser.
const HowTo = "HOW-TO-APPROVE.txt"

// NewFolder makes an empty folder for a world. Its name is short, because it stands in one line with a command.
func NewFolder() (string, error) {
	for range 100 {
		dir := filepath.Join(os.TempDir(), "fettle-demo-"+strings.ToLower(rand.Text()[:4]))
		err := os.Mkdir(dir, 0o700)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return dir, err
		}
	}
	return "", fmt.Errorf("%s holds too many folders of former demos: remove fettle-demo-*", os.TempDir())
}

// Build starts the providers and makes book and canvases in dir, an empty folder of this user. On an error nothing
// keeps running; the folder is the caller's to remove either way.
func Build(ctx context.Context, dir string) (_ *World, err error) {
	w := &World{
		Dir: dir, Config: filepath.Join(dir, "config", "config.toml"), Data: filepath.Join(dir, "data"),
		Canvases: filepath.Join(dir, "canvases"), servers: map[string]*sandbox.Server{}, clock: &clock{},
	}
	w.stages = stages(w.clock.Now)
	defer func() {
		if err != nil {
			w.Close()
		}
	}()
	if err := w.start(); err != nil {
		return nil, err
	}
	if err := w.write(); err != nil {
		return nil, err
	}
	return w, w.seed(ctx)
}

// Close stops the providers. It may be called more than once.
func (w *World) Close() {
	for _, s := range w.servers {
		s.Close()
	}
}

func (w *World) start() error {
	for _, st := range w.stages {
		s, err := sandbox.Start(st.options)
		if err != nil {
			return err
		}
		w.servers[st.id] = s
	}
	return nil
}

// write puts the configuration and the instructions into the folder.
func (w *World) write() error {
	for _, dir := range []string{filepath.Dir(w.Config), w.Canvases, w.secondRunner()} {
		if err := atomicfile.EnsureDir(dir); err != nil {
			return err
		}
	}
	var config strings.Builder
	config.WriteString("[vault]\nkey = \"file\"\n\n[health]\nsoon = \"14d\"\nfresh = \"7d\"\n")
	for _, st := range w.stages {
		config.WriteString("\n" + w.servers[st.id].ProviderTOMLFor(st.id, st.client, st.extra...))
	}
	for path, content := range map[string]string{w.Config: config.String(), filepath.Join(w.Dir, HowTo): w.howTo()} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// secondRunner is where copies of password files lie, as if another machine had mounted it.
func (w *World) secondRunner() string { return filepath.Join(w.Dir, "runner-2") }
