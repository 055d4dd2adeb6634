// Command measure runs a command and tells what it took, as JSON on file descriptor 3: milliseconds, seconds of CPU, and
// the most memory it had resident, by the kernel's own account.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

func main() {
	command := exec.Command(os.Args[1], os.Args[2:]...)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	begun := time.Now()
	err := command.Run()
	took := time.Since(begun)
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(127)
	}
	usage := command.ProcessState.SysUsage().(*syscall.Rusage)
	told := map[string]any{
		"milliseconds": float64(took.Microseconds()) / 1000,
		"cpuSeconds":   (command.ProcessState.UserTime() + command.ProcessState.SystemTime()).Seconds(),
		"peakBytes":    usage.Maxrss * 1024,
	}
	if err := json.NewEncoder(os.NewFile(3, "told")).Encode(told); err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(127)
	}
	os.Exit(command.ProcessState.ExitCode())
}
