//go:build unix

package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// errServing: another process serves this data directory.
var errServing = errors.New("another onyo serves this data directory")

// holdLock takes onyo.lock for as long as this process lives; the kernel gives
// it back even after kill -9.
func holdLock(path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errServing
		}
		return nil, fmt.Errorf("take the lock: %w", err)
	}
	return func() { file.Close() }, nil
}
