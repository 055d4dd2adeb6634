package main

import (
	"encoding/json"
	"net"
	"net/http"
	"sync"
)

// counts is what a server saw since it was last asked.
type counts struct {
	mutex       sync.Mutex
	byKind      map[string]int
	connections int
}

func (c *counts) add(kind string) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if c.byKind == nil {
		c.byKind = map[string]int{}
	}
	c.byKind[kind]++
}

func (c *counts) connection(_ net.Conn, state http.ConnState) {
	if state != http.StateNew {
		return
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.connections++
}

// take says what was seen, and begins anew.
func (c *counts) take() map[string]int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	taken := map[string]int{"connection": c.connections}
	for kind, count := range c.byKind {
		taken[kind] = count
	}
	c.byKind, c.connections = nil, 0
	return taken
}

// serveControl says on a port of its own what was seen, so that asking is not counted.
func serveControl(seen *counts) (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	go func() {
		_ = http.Serve(listener, http.HandlerFunc(func(response http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(response).Encode(seen.take())
		}))
	}()
	return "http://" + listener.Addr().String() + "/", nil
}
