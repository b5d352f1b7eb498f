// Loaded before Portkey (node --require), which has no option for the address it listens on and would take all of them.
// Nothing of the gateway is changed but that.
const { Server } = require('node:net');

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, host, ...rest) {
  if (typeof port !== 'number' || typeof host === 'number') {
    throw new Error('loopback.cjs knows listen(port, host, callback) only');
  }
  if (typeof host === 'function') rest.unshift(host);
  return listen.call(this, port, '127.0.0.1', ...rest);
};
