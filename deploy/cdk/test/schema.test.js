'use strict';
// Checks templates and task definitions against the resource schemas that aws-cdk-lib brings with it.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { createRequire } = require('node:module');
const path = require('node:path');
const { test } = require('node:test');

const { CompositeEngine, TemplateContent } =
  createRequire(require.resolve('aws-cdk-lib'))('@aws/cloudformation-validate');

const ecs = path.join(__dirname, '../../ecs');
const engine = new CompositeEngine();

// A task definition for the command line has literal ARNs, as it cannot have anything else.
const ONLY_FOR_TEMPLATES = ['W9002', 'W9013'];

function complaints(name, content, ignored = []) {
  const { diagnostics } = engine.validateTemplate(new TemplateContent(content, name));
  return diagnostics.filter(({ severity, ruleId }) => severity !== 'INFO' && !ignored.includes(ruleId))
    .map(({ severity, ruleId, message }) => `${severity} ${ruleId} ${message}`);
}

/** A task definition as `aws ecs register-task-definition` takes it, as a template. */
function asTemplate(taskDefinition) {
  const maps = new Set(['dockerLabels', 'options']);
  const upper = (key) => key[0].toUpperCase() + key.slice(1);
  const converted = (value) => {
    if (Array.isArray(value)) return value.map(converted);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).map(
      ([key, inner]) => [upper(key), maps.has(key) ? inner : converted(inner)]));
  };
  const resource = { Type: 'AWS::ECS::TaskDefinition', Properties: converted(taskDefinition) };
  return JSON.stringify({ Resources: { TaskDefinition: resource } });
}

function read(folder, suffix) {
  const names = fs.readdirSync(folder).filter((name) => name.endsWith(suffix));
  assert.ok(names.length > 1, `${folder} has no ${suffix}`);
  return names.map((name) => [name, fs.readFileSync(path.join(folder, name), 'utf8')]);
}

test('the task definitions keep to the schema', () => {
  for (const [name, text] of read(ecs, '.json')) {
    assert.deepEqual(complaints(name, asTemplate(JSON.parse(text)), ONLY_FOR_TEMPLATES), [], name);
  }
});

test('the templates keep to the schema', () => {
  for (const [name, text] of read(ecs, '.yml')) assert.deepEqual(complaints(name, text), [], name);
});

test('what the CDK makes keeps to the schema', () => {
  for (const [name, text] of read(path.join(__dirname, 'templates'), '.json')) {
    assert.deepEqual(complaints(name, text), [], name);
  }
});

test('the schema finds what is wrong', () => {
  const task = JSON.parse(fs.readFileSync(path.join(ecs, 'fargate.json'), 'utf8'));
  for (const [wrong, rule] of [
    [{ essentiall: false }, /Essentiall/],
    [{ memory: 'much' }, /not of type/],
    [{ healthCheck: { command: 'CMD' } }, /not of type 'array'/],
  ]) {
    const [app, exporter] = task.containerDefinitions;
    const broken = { ...task, containerDefinitions: [app, { ...exporter, ...wrong }] };
    assert.match(complaints('broken', asTemplate(broken)).join('\n'), rule);
  }
});
