package store

import "golang.org/x/sys/unix"

// networkName names the network file system that path lies on; "" if it lies on none that is known.
func networkName(path string) (string, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(path, &st); err != nil {
		return "", err
	}
	return networkMagic(uint32(st.Type)), nil //nolint:gosec // magic numbers have 32 bits
}

// networkMagic names a network file system by its magic number (statfs(2)).
func networkMagic(magic uint32) string {
	switch magic {
	case unix.NFS_SUPER_MAGIC:
		return "NFS"
	case unix.SMB_SUPER_MAGIC, unix.CIFS_SUPER_MAGIC, unix.SMB2_SUPER_MAGIC:
		return "SMB"
	case unix.AFS_SUPER_MAGIC, unix.AFS_FS_MAGIC:
		return "AFS"
	case unix.V9FS_MAGIC:
		return "9P"
	}
	return ""
}
