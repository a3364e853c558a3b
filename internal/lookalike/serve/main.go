// Command serve starts a lookalike and prints its block for config.toml, until it is interrupted:
//
//	go run ./internal/lookalike/serve google > config.toml
//
// It is for people who want to see a provider's pages and answers; nothing that is released contains it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"fettle/internal/lookalike"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if len(args) != 1 {
		return errors.New("usage: serve PROVIDER, where PROVIDER is an id of the catalogue")
	}
	server, err := lookalike.Start(args[0], lookalike.Options{})
	if err != nil {
		return err
	}
	fmt.Print(server.Config())
	<-ctx.Done()
	return server.Close()
}
