package main

import (
	"context"
	"io"
	"net/http"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

type goContainerRegistry struct {
	repository name.Repository
	options    []remote.Option
	puller     *remote.Puller
}

func openGoContainerRegistry(chosen options, transport *http.Transport) (registryClient, error) {
	named := []name.Option{}
	if chosen.ca == "" {
		named = append(named, name.Insecure)
	}
	parsed, err := name.NewRepository(chosen.host+"/"+repository, named...)
	if err != nil {
		return nil, err
	}
	options := []remote.Option{remote.WithTransport(transport), remote.WithReferrersTagFallback(true)}
	puller, err := remote.NewPuller(options...)
	if err != nil {
		return nil, err
	}
	return &goContainerRegistry{parsed, append(options, remote.Reuse(puller)), puller}, nil
}

// Referrers makes what the library calls a puller anew: remote.Referrers takes none that is there, and has no other form.
func (c *goContainerRegistry) Referrers(ctx context.Context, subject ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	list, err := remote.Referrers(c.repository.Digest(subject.Digest.String()), append(c.options, remote.WithContext(ctx))...)
	if err != nil {
		return nil, err
	}
	index, err := list.IndexManifest()
	if err != nil {
		return nil, err
	}
	all := make([]ocispec.Descriptor, len(index.Manifests))
	for at, found := range index.Manifests {
		all[at] = ocispec.Descriptor{
			MediaType: string(found.MediaType), Digest: digest.Digest(found.Digest.String()), Size: found.Size,
		}
	}
	return all, nil
}

func (c *goContainerRegistry) Manifest(ctx context.Context, target ocispec.Descriptor) ([]byte, error) {
	fetched, err := c.puller.Get(ctx, c.repository.Digest(target.Digest.String()))
	if err != nil {
		return nil, err
	}
	return fetched.Manifest, nil
}

func (c *goContainerRegistry) Blob(ctx context.Context, target ocispec.Descriptor) error {
	layer, err := c.puller.Layer(ctx, c.repository.Digest(target.Digest.String()))
	if err != nil {
		return err
	}
	reader, err := layer.Compressed()
	if err != nil {
		return err
	}
	defer reader.Close()
	_, err = io.Copy(io.Discard, reader)
	return err
}
