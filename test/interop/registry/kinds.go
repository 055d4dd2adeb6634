package main

import (
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"os"

	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/olareg/olareg"
	"github.com/olareg/olareg/config"
)

// open makes the registry that was chosen, and what ends it.
func open(chosen options, address string) (http.Handler, func(), error) {
	switch chosen.kind {
	case "olareg":
		return openOlareg(chosen, address)
	case "ggcr":
		quiet := registry.Logger(log.New(io.Discard, "", 0))
		return registry.New(quiet, registry.WithReferrersSupport(true)), func() {}, nil
	}
	return nil, nil, fmt.Errorf("no registry of kind %q", chosen.kind)
}

func openOlareg(chosen options, address string) (http.Handler, func(), error) {
	auth, err := authOf(chosen, address)
	if err != nil {
		return nil, nil, err
	}
	deletes := true
	server := olareg.New(config.Config{
		Storage: config.ConfigStorage{
			StoreType: config.StoreMem,
			// A test is over before anything could be garbage.
			GC: config.ConfigGC{Frequency: -1},
		},
		API: config.ConfigAPI{
			DeleteEnabled: &deletes,
			Blob:          config.ConfigAPIBlob{DeleteEnabled: &deletes},
			Referrer:      config.ConfigAPIReferrer{Limit: chosen.pageBytes},
			RateLimit:     chosen.rateLimit,
		},
		Auth: auth,
		Log:  slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	return server, func() { _ = server.Close() }, nil
}

func authOf(chosen options, address string) (config.ConfigAuth, error) {
	switch chosen.auth {
	case "":
		return config.ConfigAuth{}, nil
	case "basic":
		return config.NewAuthBasicFile(chosen.users), nil
	case "token":
		return config.NewAuthTokenOpaque(chosen.users, config.WithAuthRealm("http://"+address+"/token")), nil
	}
	return config.ConfigAuth{}, fmt.Errorf("no authentication of kind %q", chosen.auth)
}
