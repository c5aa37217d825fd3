// Adds ecs-task-metadata-exporter to a task definition of the AWS CDK.
import { Duration } from 'aws-cdk-lib';
import * as ecs from 'aws-cdk-lib/aws-ecs';

/** What may be chosen of the sidecar. Only the image must be. */
export interface EcsTaskMetadataExporterProps {
  /** The image of ecs-task-metadata-exporter, best by digest. */
  readonly image: ecs.ContainerImage;

  /** @default 'ecs-task-metadata-exporter' */
  readonly containerName?: string;

  /**
   * Where it listens. In network mode host no two tasks of a host can have the same.
   * @default 9659
   */
  readonly port?: number;

  /**
   * The host's port in network mode bridge. 0 lets ECS choose one, which only discovery by docker labels or
   * by SRV records finds.
   * @default 0
   */
  readonly hostPort?: number;

  /**
   * Options of the exporter, as its variables: `{ METRICS_GROUPS: 'core,cpu' }`. The port is `port`.
   * @default - none
   */
  readonly environment?: { [name: string]: string };

  /**
   * Variables that come from Secrets Manager or Parameter Store:
   * `{ WEB_BASIC_AUTH_USERS: ecs.Secret.fromSecretsManager(users) }`. The execution role is allowed to read them.
   * @default - none
   */
  readonly secrets?: { [name: string]: ecs.Secret };

  /**
   * The job's name in the docker labels that discovery reads.
   * @default 'ecs-task'
   */
  readonly jobName?: string;

  /** CPU units. @default 16 */
  readonly cpu?: number;

  /** Memory that is reserved, in MiB. @default 16 */
  readonly memoryReservationMiB?: number;

  /** Memory over which it is killed, in MiB. @default 32 */
  readonly memoryLimitMiB?: number;

  /** Where its log goes. @default - where the host's Docker daemon puts it; nowhere on Fargate */
  readonly logging?: ecs.LogDriver;
}

/** The port that the exporter listens on by default, for security groups. */
export const DEFAULT_PORT = 9659;

/**
 * Adds the exporter to a task definition, as a container that can never take the task down: it is not
 * essential, its root is read-only, it has no capability and no user of the host.
 *
 * Whoever scrapes must still be let in: `service.connections.allowFrom(scraper, ec2.Port.tcp(DEFAULT_PORT))`.
 *
 * @returns the container, for what is not in `props`
 * @throws if the task definition has a container of that name already, or a port is none
 */
export function addEcsTaskMetadataExporter(
  taskDefinition: ecs.TaskDefinition,
  props: EcsTaskMetadataExporterProps,
): ecs.ContainerDefinition {
  const name = props.containerName ?? 'ecs-task-metadata-exporter';
  const port = props.port ?? DEFAULT_PORT;
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    throw new Error(`port must be an integer from 1 to 65535, not ${port}`);
  }
  if (taskDefinition.findContainer(name)) {
    throw new Error(`the task definition has a container named ${name} already`);
  }
  if ([props.environment, props.secrets].some((given) => given && 'PORT' in given)) {
    throw new Error('the exporter\'s port is the property port, not the variable PORT');
  }
  if (props.hostPort !== undefined && taskDefinition.networkMode !== ecs.NetworkMode.BRIDGE) {
    throw new Error(`hostPort is for network mode bridge, not for ${taskDefinition.networkMode}`);
  }

  const linuxParameters = new ecs.LinuxParameters(taskDefinition, `${name}-linux`);
  linuxParameters.dropCapabilities(ecs.Capability.ALL);

  return taskDefinition.addContainer(name, {
    image: props.image,
    essential: false,
    cpu: props.cpu ?? 16,
    memoryReservationMiB: props.memoryReservationMiB ?? 16,
    memoryLimitMiB: props.memoryLimitMiB ?? 32,
    user: '65532:65532',
    readonlyRootFilesystem: true,
    linuxParameters,
    environment: { ...props.environment, ...(port === DEFAULT_PORT ? {} : { PORT: String(port) }) },
    secrets: props.secrets,
    portMappings: [portMapping(taskDefinition.networkMode, port, props.hostPort)],
    // ECS ignores the health check of an image. CMD and not CMD-SHELL: the image has no shell.
    healthCheck: {
      command: ['CMD', '/ecs-task-metadata-exporter', 'healthcheck'],
      interval: Duration.seconds(30),
      timeout: Duration.seconds(5),
      retries: 3,
      startPeriod: Duration.seconds(10),
    },
    enableRestartPolicy: true,
    restartAttemptPeriod: Duration.seconds(60),
    dockerLabels: discoveryLabels(port, props.jobName ?? 'ecs-task'),
    logging: props.logging,
  });
}

function portMapping(mode: ecs.NetworkMode, port: number, hostPort?: number): ecs.PortMapping {
  const mapping = { containerPort: port, protocol: ecs.Protocol.TCP };
  switch (mode) {
    case ecs.NetworkMode.BRIDGE:
      return { ...mapping, name: 'metrics', hostPort: hostPort ?? 0 };
    case ecs.NetworkMode.HOST: // where ports have no names
      return { ...mapping, hostPort: port };
    default:
      return { ...mapping, name: 'metrics' };
  }
}

// The labels that the CloudWatch agent reads, and those that prometheus-ecs-discovery reads.
function discoveryLabels(port: number, jobName: string): { [label: string]: string } {
  return {
    ECS_PROMETHEUS_EXPORTER_PORT: String(port),
    ECS_PROMETHEUS_METRICS_PATH: '/metrics',
    ECS_PROMETHEUS_JOB_NAME: jobName,
    PROMETHEUS_EXPORTER_PORT: String(port),
    PROMETHEUS_EXPORTER_PATH: '/metrics',
    PROMETHEUS_EXPORTER_JOB_NAME: jobName,
  };
}
