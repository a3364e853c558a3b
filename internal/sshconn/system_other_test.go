//go:build !unix

package sshconn_test

import "errors"

func mkfifo(string) error { return errors.New("no such thing here") }
