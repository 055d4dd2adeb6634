// Command registry serves olareg, a registry that answers the OCI 1.1 referrers API natively, on a loopback port of its
// own choosing. It keeps everything in memory and says where it listens on its first line of output.
//
// It ends when its standard input is closed, so no registry outlives the test that started it, or on SIGTERM.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/olareg/olareg"
	"github.com/olareg/olareg/config"
)

func main() {
	referrers := flag.Bool("referrers", true, "answer the referrers API")
	flag.Parse()
	if err := serve(*referrers); err != nil {
		fmt.Fprintln(os.Stderr, "registry:", err)
		os.Exit(1)
	}
}

func serve(referrers bool) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()

	deletes := true
	registry := olareg.New(config.Config{
		Storage: config.ConfigStorage{
			StoreType: config.StoreMem,
			// A test is over before anything could be garbage.
			GC: config.ConfigGC{Frequency: -1},
		},
		API: config.ConfigAPI{
			DeleteEnabled: &deletes,
			Blob:          config.ConfigAPIBlob{DeleteEnabled: &deletes},
			Referrer:      config.ConfigAPIReferrer{Enabled: &referrers},
		},
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	defer registry.Close()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: registry, ReadHeaderTimeout: 10 * time.Second}
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
