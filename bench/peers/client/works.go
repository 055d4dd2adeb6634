package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sync/errgroup"
)

const repository = "bench/app"

// registryClient is what a walk needs; each of the clients has it in some form. What it returns is verified by digest.
type registryClient interface {
	Referrers(context.Context, ocispec.Descriptor) ([]ocispec.Descriptor, error)
	Manifest(context.Context, ocispec.Descriptor) ([]byte, error)
	Blob(context.Context, ocispec.Descriptor) error
}

func work(ctx context.Context, made registryClient, chosen options) (int, error) {
	switch chosen.work {
	case "list":
		return list(ctx, made, chosen)
	case "pages":
		found, err := made.Referrers(ctx, chosen.subject)
		return len(found), err
	case "closure":
		return closure(ctx, made, chosen)
	}
	return 0, fmt.Errorf("no work %q", chosen.work)
}

// madeUp is a subject that nobody has asked about.
func madeUp(at int) ocispec.Descriptor {
	return ocispec.Descriptor{
		MediaType: ocispec.MediaTypeImageManifest,
		Digest:    digest.Digest(fmt.Sprintf("sha256:%064x", uint32(at))),
		Size:      1000,
	}
}

func list(ctx context.Context, made registryClient, chosen options) (int, error) {
	group, ctx := errgroup.WithContext(ctx)
	waiting := make(chan int)
	found := make([]int, chosen.concurrency)
	for worker := range chosen.concurrency {
		group.Go(func() error {
			for at := range waiting {
				referrers, err := made.Referrers(ctx, madeUp(at))
				if err != nil {
					return err
				}
				found[worker] += len(referrers)
			}
			return nil
		})
	}
	group.Go(func() error {
		defer close(waiting)
		for at := range chosen.subjects {
			select {
			case waiting <- at:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		return nil
	})
	err := group.Wait()
	sum := 0
	for _, count := range found {
		sum += count
	}
	return sum, err
}

// closure fetches and verifies every manifest and blob below a subject, and the same of all that refers to any of them.
func closure(ctx context.Context, made registryClient, chosen options) (int, error) {
	group, ctx := errgroup.WithContext(ctx)
	slots := make(chan struct{}, chosen.concurrency)
	var seen sync.Map
	var count sync.Map
	limited := func(ask func() error) error {
		slots <- struct{}{}
		defer func() { <-slots }()
		return ask()
	}
	var visit func(ocispec.Descriptor)
	fetchBlob := func(blob ocispec.Descriptor) {
		if _, known := seen.LoadOrStore(blob.Digest, true); known {
			return
		}
		count.Store(blob.Digest, true)
		group.Go(func() error { return limited(func() error { return made.Blob(ctx, blob) }) })
	}
	visit = func(target ocispec.Descriptor) {
		if _, known := seen.LoadOrStore(target.Digest, true); known {
			return
		}
		count.Store(target.Digest, true)
		group.Go(func() error {
			var bytes []byte
			var referrers []ocispec.Descriptor
			err := limited(func() (err error) {
				bytes, err = made.Manifest(ctx, target)
				return err
			})
			if err != nil {
				return err
			}
			err = limited(func() (err error) {
				referrers, err = made.Referrers(ctx, target)
				return err
			})
			if err != nil {
				return err
			}
			var parsed struct {
				Config    *ocispec.Descriptor  `json:"config"`
				Layers    []ocispec.Descriptor `json:"layers"`
				Manifests []ocispec.Descriptor `json:"manifests"`
			}
			if err := json.Unmarshal(bytes, &parsed); err != nil {
				return err
			}
			for _, child := range append(parsed.Manifests, referrers...) {
				visit(child)
			}
			if parsed.Config != nil {
				fetchBlob(*parsed.Config)
			}
			for _, layer := range parsed.Layers {
				fetchBlob(layer)
			}
			return nil
		})
	}
	visit(chosen.subject)
	err := group.Wait()
	found := 0
	count.Range(func(any, any) bool { found++; return true })
	return found, err
}
