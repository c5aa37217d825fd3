# One container definition to merge into a task definition. The module makes no resource and needs no
# provider: take `container_definition` into the list that jsonencode() or a module of yours gets.

terraform {
  required_version = ">= 1.3" # optional() in variables
}

variable "image" {
  description = "The image of ecs-task-metadata-exporter in your registry, best by digest."
  type        = string
}

variable "name" {
  description = "Name of the container."
  type        = string
  default     = "ecs-task-metadata-exporter"
}

variable "network_mode" {
  description = "Network mode of the task definition. It decides the host's port."
  type        = string
  default     = "awsvpc"

  validation {
    condition     = contains(["awsvpc", "bridge", "host"], var.network_mode)
    error_message = "network_mode must be awsvpc, bridge or host: without a network nobody could scrape."
  }
}

variable "port" {
  description = "Where it listens. In network mode host no two tasks of a host can have the same."
  type        = number
  default     = 9659
}

variable "host_port" {
  description = "The host's port in network mode bridge. 0 lets ECS choose one, which only discovery by docker labels or by SRV records finds."
  type        = number
  default     = 0
}

variable "cpu" {
  description = "CPU units that are reserved."
  type        = number
  default     = 16
}

variable "memory_reservation" {
  description = "Memory that is reserved, in MiB."
  type        = number
  default     = 16
}

variable "memory" {
  description = "Memory over which it is killed, in MiB."
  type        = number
  default     = 32

  validation {
    condition     = var.memory >= 6
    error_message = "memory must be 6 or more: ECS takes no less."
  }
}

variable "environment" {
  description = "Options of the exporter, as its variables: { METRICS_GROUPS = \"core,cpu\" }. The port is `port`."
  type        = map(string)
  default     = {}
}

variable "secrets" {
  description = "Variables that come from Secrets Manager or Parameter Store, by the ARN to read: { WEB_BASIC_AUTH_USERS = \"arn:...\" }. The execution role must be allowed to read them, or the task does not start."
  type        = map(string)
  default     = {}
}

variable "repository_credentials" {
  description = "The ARN of the secret with user name and password for the image's registry. null for ECR, and for images that everybody may pull."
  type        = string
  default     = null
}

variable "job_name" {
  description = "The job's name in the docker labels that discovery reads."
  type        = string
  default     = "ecs-task"
}

variable "log_configuration" {
  description = "Where its log goes, as in a container definition: { logDriver = \"awslogs\", options = { ... } }. null for the host's default; on Fargate that is nowhere."
  type = object({
    logDriver = string
    options   = optional(map(string), {})
  })
  default = null
}

locals {
  own_port    = { for key, value in { PORT = tostring(var.port) } : key => value if var.port != 9659 }
  environment = merge(var.environment, local.own_port)

  # Without what is null, which `for` leaves out and jsonencode() would not.
  port_mapping = { for key, value in {
    containerPort = var.port
    hostPort      = var.network_mode == "bridge" ? var.host_port : var.network_mode == "host" ? var.port : null
    protocol      = "tcp"
    name          = var.network_mode == "host" ? null : "metrics" # there, ports have no names
  } : key => value if value != null }

  container_definition = { for key, value in {
    name                   = var.name
    image                  = var.image
    essential              = false # monitoring must never take the task down
    cpu                    = var.cpu
    memoryReservation      = var.memory_reservation
    memory                 = var.memory
    user                   = "65532:65532"
    readonlyRootFilesystem = true
    linuxParameters        = { capabilities = { drop = ["ALL"] } }
    environment            = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets                = length(var.secrets) == 0 ? null : [for name in sort(keys(var.secrets)) : { name = name, valueFrom = var.secrets[name] }]
    repositoryCredentials  = var.repository_credentials == null ? null : { credentialsParameter = var.repository_credentials }
    portMappings           = [local.port_mapping]
    # ECS ignores the health check of an image. CMD and not CMD-SHELL: the image has no shell.
    healthCheck = {
      command     = ["CMD", "/ecs-task-metadata-exporter", "healthcheck"]
      interval    = 30
      timeout     = 5
      retries     = 3
      startPeriod = 10
    }
    restartPolicy = { enabled = true, restartAttemptPeriod = 60 }
    dockerLabels = {
      ECS_PROMETHEUS_EXPORTER_PORT = tostring(var.port)
      ECS_PROMETHEUS_METRICS_PATH  = "/metrics"
      ECS_PROMETHEUS_JOB_NAME      = var.job_name
      PROMETHEUS_EXPORTER_PORT     = tostring(var.port)
      PROMETHEUS_EXPORTER_PATH     = "/metrics"
      PROMETHEUS_EXPORTER_JOB_NAME = var.job_name
    }
    logConfiguration = var.log_configuration
  } : key => value if value != null }
}

output "container_definition" {
  description = "The exporter's container definition, with the keys of the ECS API."
  value       = local.container_definition
}

output "port" {
  description = "The port to open to what scrapes."
  value       = var.port
}
