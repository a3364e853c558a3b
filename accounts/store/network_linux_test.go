package store_test

import (
	"testing"

	"fettle/accounts/store"
)

func TestNetworkFileSystemsAreKnown(t *testing.T) {
	t.Parallel()
	for magic, want := range map[uint32]string{ // statfs(2)
		0x6969: "NFS", 0xff534d42: "SMB", 0xfe534d42: "SMB", 0x517b: "SMB",
		0xef53: "", 0x01021994: "", 0x9123683e: "", 0x58465342: "", 0x2fc12fc1: "", // ext4, tmpfs, btrfs, xfs, zfs
	} {
		if got := store.NetworkMagic(magic); got != want {
			t.Errorf("%#x is %q, want %q", magic, got, want)
		}
	}
}
