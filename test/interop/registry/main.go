// Command registry serves one of two registries that are published as Go packages, on a loopback port of its own choosing.
// It keeps everything in memory and says where it listens on its first line of output.
//
//	registry                            olareg, which answers the OCI 1.1 referrers API natively
//	registry -page-bytes N              its lists of referrers come in pages of N bytes
//	registry -rate-limit N              it answers 429 from the N+1st request of a second on
//	registry -auth basic -users FILE    it asks for a password; FILE is olareg's own form of users and access
//	registry -auth token -users FILE    it asks for an opaque token of its own token service
//	registry -kind ggcr                 go-containerregistry's registry, with its referrers API switched on
//
// It ends when its standard input is closed, so no registry outlives the test that started it, or on SIGTERM.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

type options struct {
	kind      string
	pageBytes int64
	rateLimit int
	auth      string
	users     string
}

func main() {
	var chosen options
	flag.StringVar(&chosen.kind, "kind", "olareg", "olareg or ggcr")
	flag.Int64Var(&chosen.pageBytes, "page-bytes", 0, "bytes on a page of referrers; 0 for olareg's own limit")
	flag.IntVar(&chosen.rateLimit, "rate-limit", 0, "requests per second; 0 for no limit")
	flag.StringVar(&chosen.auth, "auth", "", "basic or token; nobody is asked by default")
	flag.StringVar(&chosen.users, "users", "", "file of users and what they may do")
	flag.Parse()
	if err := serve(chosen); err != nil {
		fmt.Fprintln(os.Stderr, "registry:", err)
		os.Exit(1)
	}
}

func serve(chosen options) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	handler, closeHandler, err := open(chosen, listener.Addr().String())
	if err != nil {
		return err
	}
	defer closeHandler()
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	fmt.Println("listening", listener.Addr())

	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		// Nothing here is worth waiting for: the content goes with the process.
		return server.Close()
	}
}
