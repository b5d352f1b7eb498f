package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/fallow-dev/fallow/internal/overhead"
)

// programs are where contestants are installed. Those that are missing take no
// part, and that is said.
type programs struct {
	Fallow  string `default:"bin/fallow" placeholder:"FILE" help:"Fallow's binary (${default}); see make bin/fallow."`
	Nginx   string `default:".tools/nginx/usr/sbin/nginx" placeholder:"FILE" help:"nginx (${default}); see .ci/install-nginx."`
	Litellm string `default:".tools/litellm/bin/litellm" placeholder:"FILE" help:"LiteLLM's command (${default}); see docs/benchmarks/peers.md."`
	Portkey string `default:".tools/portkey/node_modules/@portkey-ai/gateway" placeholder:"DIR" help:"Portkey's package (${default}); see docs/benchmarks/peers.md."`
	Preload string `default:".ci/loopback.cjs" placeholder:"FILE" help:"Script that keeps Portkey on loopback (${default})."`

	Only []string `placeholder:"NAMES" help:"Take part: direct, go-proxy, nginx, litellm, portkey, fallow. All if it is left out."`
}

// contestants are those that are wanted and installed, Fallow last.
func (p *programs) contestants(self string) (all []overhead.Contestant, missing []string, err error) {
	for _, name := range p.Only {
		if !slices.Contains(names, name) {
			return nil, nil, fmt.Errorf("--only %q: want some of %s", name, strings.Join(names, ", "))
		}
	}
	for _, name := range names {
		if len(p.Only) > 0 && !slices.Contains(p.Only, name) {
			continue
		}
		c, err := p.contestant(name, self)
		if err != nil {
			missing = append(missing, fmt.Sprintf("%s takes no part: %v", name, err))
			continue
		}
		all = append(all, c)
	}
	return all, missing, nil
}

var names = []string{overhead.Reference, overhead.BareProxy, "nginx", "litellm", "portkey", overhead.Own}

func (p *programs) contestant(name, self string) (overhead.Contestant, error) {
	switch name {
	case overhead.Reference:
		return overhead.Direct(), nil
	case overhead.BareProxy:
		return overhead.GoProxy(self), nil
	case "nginx":
		binary, err := installed(p.Nginx)
		return overhead.Nginx(binary, versionOf(binary, "-v")), err
	case "litellm":
		binary, err := installed(p.Litellm)
		return overhead.LiteLLM(binary, litellmVersion(binary), runtime.NumCPU()), err
	case "portkey":
		return p.portkey()
	default:
		binary, err := installed(p.Fallow)
		return overhead.Fallow(binary, versionOf(binary, "version")), err
	}
}

func (p *programs) portkey() (overhead.Contestant, error) {
	server, err := installed(filepath.Join(p.Portkey, "build", "start-server.js"))
	if err != nil {
		return overhead.Contestant{}, err
	}
	preload, err := installed(p.Preload)
	if err != nil {
		return overhead.Contestant{}, err
	}
	node, err := exec.LookPath("node")
	if err != nil {
		return overhead.Contestant{}, err
	}
	manifest, err := os.ReadFile(filepath.Join(p.Portkey, "package.json"))
	version := regexp.MustCompile(`"version": *"([^"]+)"`).FindSubmatch(manifest)
	if err != nil || version == nil {
		return overhead.Contestant{}, fmt.Errorf("%s/package.json tells no version", p.Portkey)
	}
	return overhead.Portkey(node, preload, server, string(version[1])), nil
}

// installed is the full path of a file that is there.
func installed(path string) (string, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	_, err = os.Stat(full)
	return full, err
}

var dotted = regexp.MustCompile(`v?\d+\.\d+[^\s]*`)

// versionOf is what a program says of itself, empty if it says nothing.
func versionOf(binary, arg string) string {
	out, err := exec.Command(binary, arg).CombinedOutput()
	if err != nil {
		return ""
	}
	if found := dotted.FindString(string(out)); found != "" {
		return found
	}
	return lastField(string(out))
}

func lastField(text string) string {
	fields := strings.Fields(text)
	if len(fields) == 0 {
		return ""
	}
	return fields[len(fields)-1]
}

// litellmVersion is that of the package beside the command, which takes ten
// seconds to tell it.
func litellmVersion(binary string) string {
	found, _ := filepath.Glob(filepath.Join(filepath.Dir(binary), "..", "lib", "python*", "site-packages", "litellm-*.dist-info"))
	if len(found) == 0 {
		return ""
	}
	return strings.TrimSuffix(strings.TrimPrefix(filepath.Base(found[0]), "litellm-"), ".dist-info")
}
