'use strict';
// What the CDK makes of addEcsTaskMetadataExporter, compared with templates/*.json.
// UPDATE_TEMPLATES=1 rewrites those.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { test } = require('node:test');
const cdk = require('aws-cdk-lib');
const ecs = require('aws-cdk-lib/aws-ecs');
const secretsmanager = require('aws-cdk-lib/aws-secretsmanager');
const { Template } = require('aws-cdk-lib/assertions');
const { addEcsTaskMetadataExporter, DEFAULT_PORT } = require('../lib');

const image = ecs.ContainerImage.fromRegistry(
  '123456789012.dkr.ecr.eu-central-1.amazonaws.com/ecs-task-metadata-exporter:0.1.0');

function stack() {
  return new cdk.Stack(new cdk.App({ analyticsReporting: false }), 'Front');
}

function fargate(scope) {
  return new ecs.FargateTaskDefinition(scope, 'TaskDefinition', { family: 'front' });
}

function ec2(scope, networkMode) {
  return new ecs.Ec2TaskDefinition(scope, 'TaskDefinition', { family: 'front', networkMode });
}

function addApp(taskDefinition) {
  return taskDefinition.addContainer('app', {
    image: ecs.ContainerImage.fromRegistry('public.ecr.aws/nginx/nginx:1.27'), memoryLimitMiB: 256,
  });
}

/** The exporter's container definition in what the stack becomes. */
function sidecar(scope, name = 'ecs-task-metadata-exporter') {
  const [task] = Object.values(Template.fromStack(scope).findResources('AWS::ECS::TaskDefinition'));
  return task.Properties.ContainerDefinitions.find((container) => container.Name === name);
}

function assertTemplate(scope, name) {
  const file = path.join(__dirname, 'templates', `${name}.json`);
  const synthesised = `${JSON.stringify(Template.fromStack(scope).toJSON(), null, 2)}\n`;
  if (process.env.UPDATE_TEMPLATES) fs.writeFileSync(file, synthesised);
  assert.equal(synthesised, fs.readFileSync(file, 'utf8'), `differs from ${file}`);
}

test('a task on Fargate with the exporter is the committed template', () => {
  const scope = stack();
  const taskDefinition = fargate(scope);
  addApp(taskDefinition);
  addEcsTaskMetadataExporter(taskDefinition, {
    image, logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'exporter' }),
  });
  assertTemplate(scope, 'fargate');
});

test('a task in a bridge on EC2 with the exporter is the committed template', () => {
  const scope = stack();
  const taskDefinition = ec2(scope, ecs.NetworkMode.BRIDGE);
  addApp(taskDefinition);
  addEcsTaskMetadataExporter(taskDefinition, {
    image, port: 9700, jobName: 'tasks', environment: { METRICS_GROUPS: 'core,cpu' },
  });
  assertTemplate(scope, 'ec2-bridge');
});

test('the host port follows the network mode', () => {
  for (const [mode, props, hostPort] of [
    [ecs.NetworkMode.AWS_VPC, {}, undefined],
    [ecs.NetworkMode.BRIDGE, {}, 0],
    [ecs.NetworkMode.BRIDGE, { hostPort: 19659 }, 19659],
    [ecs.NetworkMode.HOST, { port: 9700 }, 9700],
  ]) {
    const scope = stack();
    const taskDefinition = ec2(scope, mode);
    addApp(taskDefinition);
    addEcsTaskMetadataExporter(taskDefinition, { image, ...props });
    const [mapping] = sidecar(scope).PortMappings;
    assert.equal(mapping.HostPort, hostPort, mode);
    assert.equal(mapping.ContainerPort, props.port ?? DEFAULT_PORT, mode);
  }
});

test('a port of its own reaches the exporter, the health check and discovery', () => {
  const scope = stack();
  const taskDefinition = fargate(scope);
  addApp(taskDefinition);
  addEcsTaskMetadataExporter(taskDefinition, { image, port: 9700, containerName: 'metrics' });
  const container = sidecar(scope, 'metrics');
  assert.deepEqual(container.Environment, [{ Name: 'PORT', Value: '9700' }]);
  assert.equal(container.DockerLabels.ECS_PROMETHEUS_EXPORTER_PORT, '9700');
  assert.equal(container.DockerLabels.PROMETHEUS_EXPORTER_PORT, '9700');
});

test('sizes, secrets, a log and the password of a registry reach the container', () => {
  const scope = stack();
  const taskDefinition = fargate(scope);
  addApp(taskDefinition);
  const secret = (name) => secretsmanager.Secret.fromSecretNameV2(scope, name, name);
  addEcsTaskMetadataExporter(taskDefinition, {
    image: ecs.ContainerImage.fromRegistry('registry.example/exporter', { credentials: secret('registry') }),
    cpu: 32, memoryReservationMiB: 24, memoryLimitMiB: 48,
    secrets: { WEB_BASIC_AUTH_USERS: ecs.Secret.fromSecretsManager(secret('users')) },
    logging: ecs.LogDrivers.awsLogs({ streamPrefix: 'exporter' }),
  });
  const container = sidecar(scope);
  assert.deepEqual([container.Cpu, container.MemoryReservation, container.Memory], [32, 24, 48]);
  assert.deepEqual(container.Secrets.map(({ Name }) => Name), ['WEB_BASIC_AUTH_USERS']);
  assert.match(JSON.stringify(container.Secrets[0].ValueFrom), /secret:users/);
  assert.match(JSON.stringify(container.RepositoryCredentials.CredentialsParameter), /secret:registry/);
  assert.equal(container.LogConfiguration.LogDriver, 'awslogs');
  // The role that ECS fetches them with may read both: without that the task would not start.
  const policies = JSON.stringify(Template.fromStack(scope).findResources('AWS::IAM::Policy'));
  for (const name of ['users', 'registry']) assert.match(policies, new RegExp(`secret:${name}`));
  assert.match(policies, /secretsmanager:GetSecretValue/);
});

test('the exporter is never the container that a load balancer is sent to', () => {
  const taskDefinition = fargate(stack());
  addEcsTaskMetadataExporter(taskDefinition, { image });
  const app = addApp(taskDefinition);
  assert.equal(taskDefinition.defaultContainer, app);
});

test('what cannot be is refused while it is being built', () => {
  const taskDefinition = fargate(stack());
  addEcsTaskMetadataExporter(taskDefinition, { image });
  const again = (props) => () => addEcsTaskMetadataExporter(taskDefinition, { image, ...props });
  assert.throws(again({}), /a container named ecs-task-metadata-exporter already/);
  const other = { containerName: 'other' };
  for (const port of [0, 65536, 96.59, NaN]) {
    assert.throws(again({ ...other, port }), /port must be an integer from 1 to 65535/);
  }
  assert.throws(again({ ...other, environment: { PORT: '1' } }), /not the variable PORT/);
  assert.throws(again({ ...other, secrets: { PORT: {} } }), /not the variable PORT/);
  assert.throws(again({ ...other, hostPort: 9659 }), /hostPort is for network mode bridge, not for awsvpc/);
});
