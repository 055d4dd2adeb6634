package main

import (
	"context"
	"net/http"

	"github.com/containerd/containerd/v2/core/remotes"
	"github.com/containerd/containerd/v2/core/remotes/docker"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

type containerd struct {
	remotes.Fetcher
	referrers remotes.ReferrersFetcher
}

func openContainerd(ctx context.Context, chosen options, transport *http.Transport) (registryClient, error) {
	plain := chosen.ca == ""
	client := &http.Client{Transport: transport}
	resolver := docker.NewResolver(docker.ResolverOptions{
		Hosts: docker.ConfigureDefaultRegistries(
			docker.WithPlainHTTP(func(string) (bool, error) { return plain, nil }),
			docker.WithClient(client),
			docker.WithAuthorizer(docker.NewDockerAuthorizer(docker.WithAuthClient(client))),
		),
	})
	fetcher, err := resolver.Fetcher(ctx, chosen.host+"/"+repository+":1")
	if err != nil {
		return nil, err
	}
	return &containerd{fetcher, fetcher.(remotes.ReferrersFetcher)}, nil
}

func (c *containerd) Referrers(ctx context.Context, subject ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	return c.referrers.FetchReferrers(ctx, subject.Digest)
}

func (c *containerd) Manifest(ctx context.Context, target ocispec.Descriptor) ([]byte, error) {
	reader, err := c.Fetch(ctx, target)
	if err != nil {
		return nil, err
	}
	return read(reader, target)
}

func (c *containerd) Blob(ctx context.Context, target ocispec.Descriptor) error {
	_, err := c.Manifest(ctx, target)
	return err
}
