package anthropic

import (
	"strings"

	"github.com/tidwall/gjson"
)

// mcpServer translates OpenAI's tool of type "mcp" into an entry of mcp_servers
// and the toolset that offers its tools. Anthropic's connector calls tools
// without asking; a client that wants to be asked is refused rather than
// overruled.
func (e *encoder) mcpServer(tool gjson.Result, path string) error {
	label, url := tool.Get("server_label"), tool.Get("server_url")
	if !isString(label) || label.Str == "" {
		return paramError(path+".server_label", "must be a string")
	}
	if !isString(url) || !hasScheme(url.Str, "https:") {
		return paramError(path+".server_url", "must be an https:// URL")
	}
	if tool.Get("require_approval").Str != "never" {
		return paramError(path+".require_approval", "must be \"never\": Anthropic's connector calls tools without asking")
	}
	dst := append(append(next(e.tools.mcp), `{"type":"url","url":`...), url.Raw...)
	dst = append(append(dst, `,"name":`...), label.Raw...)
	if token := mcpToken(tool); token != "" {
		dst = gjson.AppendJSONString(append(dst, `,"authorization_token":`...), token)
	}
	e.tools.mcp = append(dst, '}')
	dst = append(append(next(e.tools.items), `{"type":"mcp_toolset","mcp_server_name":`...), label.Raw...)
	e.tools.items = append(appendAllowed(dst, tool.Get("allowed_tools")), '}')
	e.tools.types = append(e.tools.types, "mcp_toolset")
	return nil
}

// mcpToken is the token of the server, from either place that OpenAI has for it.
func mcpToken(tool gjson.Result) string {
	if token := tool.Get("authorization").Str; token != "" {
		return token
	}
	token := tool.Get("headers.Authorization").Str
	return strings.TrimPrefix(token, "Bearer ")
}

// appendAllowed restricts a toolset to the tools that are named.
func appendAllowed(dst []byte, allowed gjson.Result) []byte {
	names := allowed
	if allowed.IsObject() {
		names = allowed.Get("tool_names")
	}
	if !names.IsArray() {
		return dst
	}
	dst = append(dst, `,"default_config":{"enabled":false},"configs":{`...)
	first := true
	for _, name := range names.Array() {
		if !isString(name) {
			continue
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(append(dst, name.Raw...), `:{"enabled":true}`...)
	}
	return append(dst, '}')
}

// writeMCPServers writes the client's own mcp_servers and those made of tools.
func (e *encoder) writeMCPServers() error {
	native := e.get("mcp_servers")
	if native.Exists() && !native.IsArray() {
		return paramError("mcp_servers", "must be a list")
	}
	var items []byte
	for _, server := range native.Array() {
		if !server.IsObject() {
			return paramError("mcp_servers", "must be a list of objects")
		}
		items = append(next(items), server.Raw...)
	}
	if len(e.tools.mcp) > 0 {
		items = append(next(items), e.tools.mcp...)
	}
	if len(items) > 0 {
		e.raw("mcp_servers", "["+string(items)+"]")
	}
	return nil
}
