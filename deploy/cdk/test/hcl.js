'use strict';
// Prints a Terraform file as JSON; expressions are strings of "${...}".
const fs = require('node:fs');
const { parse } = require('@cdktf/hcl2json');

const [file] = process.argv.slice(2);
parse(file, fs.readFileSync(file, 'utf8')).then(
  (parsed) => console.log(JSON.stringify(parsed)),
  (error) => { console.error(`${file}: ${error}`); process.exitCode = 1; });
