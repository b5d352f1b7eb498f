package anthropic

import "github.com/tidwall/gjson"

// object is a JSON object whose members can be replaced and made longer. It
// keeps their order and their bytes.
type object struct {
	members []member
	at      map[string]int // place of a name among the members
}

// member is one of them. Its value is raw JSON that belongs to the object.
type member struct {
	name  string
	value []byte
}

// newObject reads an object; anything else has no members.
func newObject(v gjson.Result) *object {
	o := &object{at: make(map[string]int)}
	if v.IsObject() {
		v.ForEach(func(name, v gjson.Result) bool {
			o.set(name.Str, []byte(v.Raw))
			return true
		})
	}
	return o
}

// set replaces a member or appends it. The object keeps value.
func (o *object) set(name string, value []byte) {
	i, ok := o.at[name]
	if !ok {
		o.at[name] = len(o.members)
		o.members = append(o.members, member{name, value})
		return
	}
	o.members[i].value = value
}

// refine sets a member, unless null would take the place of something.
func (o *object) refine(name, v gjson.Result) {
	if _, ok := o.at[name.Str]; !ok || given(v) {
		o.set(name.Str, []byte(v.Raw))
	}
}

// update refines the members that v has.
func (o *object) update(v gjson.Result) {
	if v.IsObject() {
		v.ForEach(func(name, v gjson.Result) bool { o.refine(name, v); return true })
	}
}

// opening begins the values that can grow, by the byte they end in.
var opening = map[byte]byte{'"': '"', ']': '['}

// grow puts more at the end of a member's value, which ends in end: of a string
// raw text without quotes, of an array an item. A value of another kind, such as
// null, makes way for an empty one.
func (o *object) grow(name string, end byte, more string) {
	if more == "" {
		return
	}
	i, ok := o.at[name]
	if !ok || o.members[i].value[0] != opening[end] {
		o.set(name, []byte{opening[end], end})
		i = o.at[name]
	}
	value := o.members[i].value
	value = value[:len(value)-1]
	if end == ']' && len(value) > 1 {
		value = append(value, ',')
	}
	o.members[i].value = append(append(value, more...), end)
}

func (o *object) append(dst []byte) []byte {
	dst = append(dst, '{')
	for i, m := range o.members {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(gjson.AppendJSONString(dst, m.name), ':')
		dst = append(dst, m.value...)
	}
	return append(dst, '}')
}
