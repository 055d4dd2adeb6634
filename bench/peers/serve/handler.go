package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	token = "a-token"
	base  = "/v2/bench/app/"
)

type handler struct {
	options
	content *content
	seen    *counts
	empty   []byte
	realm   string
}

func newHandler(chosen options, made *content, seen *counts, host string) http.Handler {
	scheme := "http"
	if chosen.tlsFile != "" {
		scheme = "https"
	}
	empty := fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":%q,"manifests":[]}`, indexType)
	return &handler{chosen, made, seen, empty, scheme + "://" + host + "/token"}
}

func (h *handler) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	if h.delay > 0 {
		time.Sleep(h.delay)
	}
	path := request.URL.Path
	switch {
	case path == "/token":
		h.seen.add("token")
		response.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(response, `{"token":%q,"access_token":%q,"expires_in":3600}`, token, token)
	case h.auth && request.Header.Get("Authorization") != "Bearer "+token:
		h.seen.add("challenge")
		challenge := fmt.Sprintf(`Bearer realm=%q,service="bench",scope="repository:bench/app:pull"`, h.realm)
		response.Header().Set("WWW-Authenticate", challenge)
		response.WriteHeader(http.StatusUnauthorized)
	case path == "/v2/" || path == "/v2":
		h.seen.add("ping")
		write(response, request, "application/json", []byte("{}"))
	case strings.HasPrefix(path, base):
		kind, name, _ := strings.Cut(path[len(base):], "/")
		h.answer(response, request, kind, name)
	default:
		h.notFound(response)
	}
}

func (h *handler) answer(response http.ResponseWriter, request *http.Request, kind, name string) {
	switch kind {
	case "referrers":
		h.referrers(response, request, name)
	case "manifests":
		h.manifest(response, request, name)
	case "blobs":
		h.seen.add("blob")
		if bytes, ok := h.content.blobs[name]; ok {
			response.Header().Set("Docker-Content-Digest", name)
			write(response, request, "application/octet-stream", bytes)
			return
		}
		h.notFound(response)
	default:
		h.notFound(response)
	}
}

func (h *handler) referrers(response http.ResponseWriter, request *http.Request, digest string) {
	if h.tagSchema {
		h.seen.add("no API")
		h.notFound(response)
		return
	}
	pages := h.pagesOf(digest)
	if len(pages) == 0 {
		h.seen.add("empty list")
		write(response, request, indexType, h.empty)
		return
	}
	h.seen.add("list")
	at, _ := strconv.Atoi(request.URL.Query().Get("page"))
	if at < 0 || at >= len(pages) {
		h.notFound(response)
		return
	}
	if at+1 < len(pages) {
		response.Header().Set("Link", fmt.Sprintf(`<%s?page=%d>; rel="next"`, request.URL.Path, at+1))
	}
	write(response, request, indexType, pages[at])
}

func (h *handler) pagesOf(digest string) [][]byte {
	if pages, ok := h.content.pages[digest]; ok {
		return pages
	}
	return h.content.everySubject
}

func (h *handler) manifest(response http.ResponseWriter, request *http.Request, name string) {
	if digest, isTag := strings.CutPrefix(name, "sha256-"); isTag {
		pages := h.pagesOf("sha256:" + digest)
		if !h.tagSchema || len(pages) == 0 {
			h.seen.add("empty list")
			h.notFound(response)
			return
		}
		h.seen.add("list")
		response.Header().Set("Docker-Content-Digest", digestOf(pages[0]))
		write(response, request, indexType, pages[0])
		return
	}
	h.seen.add("manifest")
	if digest, ok := h.content.tags[name]; ok {
		name = digest
	}
	found, ok := h.content.manifests[name]
	if !ok {
		h.notFound(response)
		return
	}
	response.Header().Set("Docker-Content-Digest", name)
	write(response, request, found.mediaType, found.bytes)
}

func (h *handler) notFound(response http.ResponseWriter) {
	response.Header().Set("Content-Type", "application/json")
	response.WriteHeader(http.StatusNotFound)
	fmt.Fprint(response, `{"errors":[{"code":"MANIFEST_UNKNOWN"}]}`)
}

func write(response http.ResponseWriter, request *http.Request, mediaType string, bytes []byte) {
	response.Header().Set("Content-Type", mediaType)
	response.Header().Set("Content-Length", strconv.Itoa(len(bytes)))
	response.WriteHeader(http.StatusOK)
	if request.Method != http.MethodHead {
		_, _ = response.Write(bytes)
	}
}
