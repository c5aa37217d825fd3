# A task definition on Fargate with the exporter in it, and the rule that lets the scraper in.

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

variable "exporter_image" {
  type = string
}

variable "execution_role_name" {
  description = "It has AmazonECSTaskExecutionRolePolicy, which lets it pull from ECR and write to log groups that are there."
  type        = string
}

variable "region" {
  type    = string
  default = "eu-central-1"
}

variable "cpu_architecture" {
  type    = string
  default = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "cpu_architecture must be X86_64 or ARM64."
  }
}

variable "users_secret_arn" {
  description = "A secret with who may scrape, as WEB_BASIC_AUTH_USERS has it: {\"prometheus\": \"<bcrypt hash>\"}."
  type        = string
}

variable "task_security_group_id" {
  type = string
}

variable "scraper_security_group_id" {
  type = string
}

# It must be there when the containers start: the execution role may not create one.
resource "aws_cloudwatch_log_group" "front" {
  name              = "/ecs/front"
  retention_in_days = 30
}

data "aws_iam_role" "execution" {
  name = var.execution_role_name
}

resource "aws_iam_role_policy" "read_users" {
  name = "read-users-of-the-exporter"
  role = data.aws_iam_role.execution.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "secretsmanager:GetSecretValue"
      Resource = var.users_secret_arn
    }]
  })
}

module "exporter" {
  source = "../.."

  image              = var.exporter_image
  cpu                = 32
  memory_reservation = 24
  memory             = 48
  secrets            = { WEB_BASIC_AUTH_USERS = var.users_secret_arn }
  log_configuration = {
    logDriver = "awslogs"
    options = {
      awslogs-group         = aws_cloudwatch_log_group.front.name
      awslogs-region        = var.region
      awslogs-stream-prefix = "exporter"
    }
  }
}

resource "aws_ecs_task_definition" "front" {
  family                   = "front"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = data.aws_iam_role.execution.arn

  runtime_platform {
    cpu_architecture        = var.cpu_architecture
    operating_system_family = "LINUX"
  }

  container_definitions = jsonencode([
    {
      name         = "app"
      image        = "public.ecr.aws/nginx/nginx:1.27"
      essential    = true
      portMappings = [{ containerPort = 80, protocol = "tcp" }]
      logConfiguration = {
        logDriver = "awslogs"
        options = {
          awslogs-group         = aws_cloudwatch_log_group.front.name
          awslogs-region        = var.region
          awslogs-stream-prefix = "app"
        }
      }
    },
    module.exporter.container_definition,
  ])

  depends_on = [aws_iam_role_policy.read_users]
}

resource "aws_vpc_security_group_ingress_rule" "metrics" {
  security_group_id            = var.task_security_group_id
  referenced_security_group_id = var.scraper_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = module.exporter.port
  to_port                      = module.exporter.port
}
