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

variable "execution_role_arn" {
  type = string
}

variable "task_security_group_id" {
  type = string
}

variable "scraper_security_group_id" {
  type = string
}

module "exporter" {
  source = "../.."

  image = var.exporter_image
}

resource "aws_ecs_task_definition" "front" {
  family                   = "front"
  network_mode             = "awsvpc"
  requires_compatibilities = ["FARGATE"]
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = var.execution_role_arn

  container_definitions = jsonencode([
    {
      name         = "app"
      image        = "public.ecr.aws/nginx/nginx:1.27"
      essential    = true
      portMappings = [{ containerPort = 80, protocol = "tcp" }]
    },
    module.exporter.container_definition,
  ])
}

resource "aws_vpc_security_group_ingress_rule" "metrics" {
  security_group_id            = var.task_security_group_id
  referenced_security_group_id = var.scraper_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = module.exporter.port
  to_port                      = module.exporter.port
}
