//go:build unix

package storetest

import (
	"fmt"
	"os"
	"syscall"
)

// unprivileged gives the cluster's processes, and its folder, to somebody who is
// not root.
func unprivileged(folder string) (*syscall.SysProcAttr, error) {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() != 0 {
		return attributes, nil
	}
	uid, gid, err := postgresUser()
	if err != nil {
		return nil, err
	}
	if err := os.Chown(folder, uid, gid); err != nil {
		return nil, fmt.Errorf("give the test cluster its folder: %w", err)
	}
	attributes.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attributes, nil
}
