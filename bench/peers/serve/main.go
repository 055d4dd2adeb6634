// Command serve answers the questions of a registry with what it made before the first one, and counts them.
//
//	serve -scene list              any subject has 20 referrers
//	serve -scene none              no subject has a referrer
//	serve -scene pages             a subject with 100,000 referrers, in pages of 1,000
//	serve -scene closure           an index of 8 platforms, 200 referrers, 200 referrers of those
//	serve -scene image             an image of 4 layers of 256 MiB that cannot be compressed, with 50 referrers
//	  -layer-bytes N               another size of a layer
//	  -delay 50ms                  waits that long before each answer
//	  -tag-schema                  has no referrers API, and lists under tags
//	  -auth                        asks for a token of its token service
//	  -tls FILE, -http2            speaks TLS and leaves its certificate in FILE; offers HTTP/2 too
//
// Its first line of output is JSON: where it listens, and what can be asked for. It ends when its standard input does.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

type options struct {
	scene      string
	layerBytes int
	delay      time.Duration
	tagSchema  bool
	auth       bool
	tlsFile    string
	http2      bool
}

// greeting tells the benchmark what is served.
type greeting struct {
	Host    string     `json:"host"`
	Control string     `json:"control"`
	Subject descriptor `json:"subject"`
	// Manifests and Blobs are how many there are below the subject, the subject with them.
	Manifests int `json:"manifests"`
	Blobs     int `json:"blobs"`
}

func main() {
	var chosen options
	flag.StringVar(&chosen.scene, "scene", "list", "what is served")
	flag.IntVar(&chosen.layerBytes, "layer-bytes", 256<<20, "bytes of a layer")
	flag.DurationVar(&chosen.delay, "delay", 0, "time before each answer")
	flag.BoolVar(&chosen.tagSchema, "tag-schema", false, "no referrers API")
	flag.BoolVar(&chosen.auth, "auth", false, "ask for a token")
	flag.StringVar(&chosen.tlsFile, "tls", "", "speak TLS, and leave the certificate there")
	flag.BoolVar(&chosen.http2, "http2", false, "offer HTTP/2 over TLS")
	flag.Parse()
	if err := serve(chosen); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

func serve(chosen options) error {
	content, subject, err := makeScene(chosen)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	host := listener.Addr().String()
	seen := &counts{}
	server := &http.Server{Handler: newHandler(chosen, content, seen, host), ConnState: seen.connection}
	control, err := serveControl(seen)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	if chosen.tlsFile == "" {
		go func() { ended <- server.Serve(listener) }()
	} else if err := secure(server, chosen); err != nil {
		return err
	} else {
		go func() { ended <- server.ServeTLS(listener, "", "") }()
	}
	said := greeting{
		Host: host, Control: control, Subject: subject,
		Manifests: len(content.manifests), Blobs: len(content.blobs),
	}
	if err := json.NewEncoder(os.Stdout).Encode(said); err != nil {
		return err
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = server.Close()
	}()
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
