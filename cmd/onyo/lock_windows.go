package main

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/windows"
)

// errServing: another process serves this data directory.
var errServing = errors.New("another onyo serves this data directory")

// holdLock takes onyo.lock for as long as this process lives.
func holdLock(path string) (release func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	err = windows.LockFileEx(windows.Handle(file.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if err != nil {
		file.Close()
		if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
			return nil, errServing
		}
		return nil, fmt.Errorf("take the lock: %w", err)
	}
	return func() { file.Close() }, nil
}
