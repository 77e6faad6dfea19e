/*---
id: x-config-change-by
title: Security configuration changed, with the call that did it
severity: medium
attack: [T1686.001, T1098]
sources: [config_items, cloudtrail]
packs: [cross-source]
next:
  - {id: ct-principal-calls, with: {principal: principal}}
  - {id: ct-resource-calls, with: {name: target}}
means: A security group, policy, bucket or trail changed; beside it stands the CloudTrail call that made the change.
noise: "Deployments change these all day: look for principals and addresses that do not."
cite: "cloud-trail-lake-query-samples, ec2-security-historical-changes"
---*/
SELECT c.changed_at AS time, 'config_items+cloudtrail' AS source, c.principal, c.src_ip, COALESCE(c.arn, c.resource_id) AS target,
  c.event_name || ' by ' || COALESCE(c.principal, '?') || ' changed ' || c.resource_type || ' ' || COALESCE(c.resource_name, c.resource_id) AS summary, c.call_time, c.call_event_id, c.matched, c.user_agent, c.file_id, c.record_no
FROM config_changes c
WHERE c.call_event_id IS NOT NULL AND c.changed_at >= $since AND c.changed_at < $until AND c.call_time >= $since AND c.call_time < $until
  AND c.resource_type IN ('AWS::EC2::SecurityGroup', 'AWS::EC2::NetworkAcl', 'AWS::EC2::RouteTable', 'AWS::S3::Bucket', 'AWS::IAM::Policy', 'AWS::IAM::Role', 'AWS::IAM::User', 'AWS::CloudTrail::Trail', 'AWS::KMS::Key', 'AWS::Lambda::Function')
ORDER BY 1, 5
