// tfjs-node 4.22 calls two functions of node:util that Node 22 warns of and Node 23 removed: here they are without either.
const util = require('node:util');

util.isNullOrUndefined = (value) => value === null || value === undefined;
util.isArray = Array.isArray;
