package storm

import (
	"context"
	"net/http"
)

// OneKey is no gateway: clients call the provider with the only key they have.
func OneKey() Contestant {
	return Contestant{
		Name: "one-key", About: "clients call the provider directly, with one key", OneKey: true,
		Start: func(_ context.Context, w World) (Entry, error) {
			return Entry{URL: w.Provider, Native: true, Token: w.Keys[0]}, nil
		},
	}
}

// Peer is another gateway that runs already. Its provider listens on listen, so
// that it can be told of it beforehand.
func Peer(name, url, token string, header http.Header, listen string) Contestant {
	return Contestant{
		Name: name, About: "gateway at " + url, Listen: listen,
		Start: func(context.Context, World) (Entry, error) {
			return Entry{URL: url, Token: token, Header: header}, nil
		},
	}
}

// Target is a gateway with a provider of its own.
func Target(url, token string, header http.Header) Contestant {
	c := Peer("target", url, token, header, "")
	c.NoProvider = true
	return c
}
