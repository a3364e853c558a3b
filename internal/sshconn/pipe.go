package sshconn

import (
	"encoding/binary"
	"io"
	"sync/atomic"
)

// counted counts what is read, so that silence can be told from slowness.
type counted struct {
	from    io.Reader
	traffic *atomic.Int64
}

// Read implements io.Reader.
func (c counted) Read(b []byte) (int, error) {
	n, err := c.from.Read(b)
	c.traffic.Add(int64(n))
	return n, err
}

// Of SFTP's packets (draft-ietf-secsh-filexfer-02, sections 3 and 6).
const (
	packetOpen      = 3
	packetMkdir     = 14
	attrPermissions = 0x04
	openCreate      = 0x08
)

// privately makes every new file 0600 and every new folder 0700 from the first instant. The library sends no mode, and
// the server's umask would leave a file open to others until the chmod that follows; whoever opens it then reads all
// that is written later. So the empty attributes, which end these packets, are exchanged on the way.
type privately struct {
	to      io.WriteCloser
	traffic *atomic.Int64
	left    int // bytes of the present packet still to come
}

// Write implements io.Writer. The library writes a packet's head in one piece, and these packets are all head.
func (p *privately) Write(b []byte) (int, error) {
	out := b
	if p.left == 0 && len(b) >= 5 {
		p.left = int(binary.BigEndian.Uint32(b)) + 4
		if p.left == len(b) {
			out = withMode(b)
		}
	}
	p.left = max(0, p.left-len(b))
	n, err := p.to.Write(out)
	p.traffic.Add(int64(n))
	if err != nil {
		return min(n, len(b)), err
	}
	return len(b), nil
}

// Close implements io.Closer.
func (p *privately) Close() error { return p.to.Close() }

// withMode returns a packet with a mode, if it is one that makes something.
func withMode(packet []byte) []byte {
	end := len(packet) - 4 // where the flags of the attributes are
	mode := uint32(0)
	switch {
	case end < 9 || binary.BigEndian.Uint32(packet[end:]) != 0:
	case packet[4] == packetMkdir:
		mode = 0o700
	case packet[4] == packetOpen && binary.BigEndian.Uint32(packet[end-4:])&openCreate != 0:
		mode = 0o600
	}
	if mode == 0 {
		return packet
	}
	out := append([]byte{}, packet...)
	// 4 bytes longer than before; the length does not count its own 4.
	binary.BigEndian.PutUint32(out, uint32(len(packet))) //nolint:gosec // a path is far below 4 GiB
	binary.BigEndian.PutUint32(out[end:], attrPermissions)
	return binary.BigEndian.AppendUint32(out, mode)
}
