package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

func open(ctx context.Context, chosen options) (registryClient, error) {
	transport, err := transportOf(chosen)
	if err != nil {
		return nil, err
	}
	switch chosen.with {
	case "containerd":
		return openContainerd(ctx, chosen, transport)
	case "oras-go":
		return openOras(chosen, transport)
	case "regclient":
		return openRegclient(chosen, transport)
	case "go-containerregistry":
		return openGoContainerRegistry(chosen, transport)
	}
	return nil, fmt.Errorf("no client %q", chosen.with)
}

// transportOf keeps as many connections as there are requests at once: Go's own default of two would cost all of them.
func transportOf(chosen options) (*http.Transport, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 0
	transport.MaxIdleConnsPerHost = 64
	transport.DisableCompression = true
	transport.ForceAttemptHTTP2 = chosen.http2
	if chosen.ca == "" {
		return transport, nil
	}
	pem, err := os.ReadFile(chosen.ca)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	transport.TLSClientConfig = &tls.Config{RootCAs: roots}
	return transport, nil
}

// read reads a blob or manifest to its end and verifies it, for clients that leave this to their callers.
func read(reader io.ReadCloser, target ocispec.Descriptor) ([]byte, error) {
	defer reader.Close()
	verifier := target.Digest.Verifier()
	bytes, err := io.ReadAll(io.TeeReader(io.LimitReader(reader, target.Size+1), verifier))
	if err != nil {
		return nil, err
	}
	if int64(len(bytes)) != target.Size || !verifier.Verified() {
		return nil, fmt.Errorf("%s is not what it should be: %s", target.Digest, digest.FromBytes(bytes))
	}
	return bytes, nil
}
