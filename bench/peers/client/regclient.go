package main

import (
	"context"
	"net/http"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"github.com/regclient/regclient"
	"github.com/regclient/regclient/config"
	"github.com/regclient/regclient/scheme/reg"
	"github.com/regclient/regclient/types/descriptor"
	"github.com/regclient/regclient/types/ref"
)

type regClient struct {
	*regclient.RegClient
	repository ref.Ref
}

func openRegclient(chosen options, transport *http.Transport) (registryClient, error) {
	host := config.HostNewName(chosen.host)
	host.ReqConcurrent = int64(chosen.concurrency)
	if chosen.ca == "" {
		host.TLS = config.TLSDisabled
	}
	named, err := ref.New(chosen.host + "/" + repository)
	if err != nil {
		return nil, err
	}
	client := regclient.New(
		regclient.WithConfigHost(*host),
		regclient.WithRegOpts(reg.WithHTTPClient(&http.Client{Transport: transport}), reg.WithTransport(transport)),
	)
	return &regClient{client, named}, nil
}

func (c *regClient) Referrers(ctx context.Context, subject ocispec.Descriptor) ([]ocispec.Descriptor, error) {
	list, err := c.ReferrerList(ctx, c.repository.SetDigest(subject.Digest.String()))
	if err != nil {
		return nil, err
	}
	all := make([]ocispec.Descriptor, len(list.Descriptors))
	for at, found := range list.Descriptors {
		all[at] = ocispec.Descriptor{MediaType: found.MediaType, Digest: found.Digest, Size: found.Size}
	}
	return all, nil
}

func (c *regClient) Manifest(ctx context.Context, target ocispec.Descriptor) ([]byte, error) {
	named := c.repository.SetDigest(target.Digest.String())
	fetched, err := c.ManifestGet(ctx, named, regclient.WithManifestDesc(described(target)))
	if err != nil {
		return nil, err
	}
	return fetched.RawBody()
}

func (c *regClient) Blob(ctx context.Context, target ocispec.Descriptor) error {
	reader, err := c.BlobGet(ctx, c.repository, described(target))
	if err != nil {
		return err
	}
	_, err = read(reader, target)
	return err
}

func described(target ocispec.Descriptor) descriptor.Descriptor {
	return descriptor.Descriptor{MediaType: target.MediaType, Digest: target.Digest, Size: target.Size}
}
