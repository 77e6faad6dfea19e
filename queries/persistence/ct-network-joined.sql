/*---
id: ct-network-joined
title: VPC joined with another network
severity: medium
attack: [T1133]
sources: [cloudtrail]
packs: [network, lateral-movement, persistence]
next:
  - {id: ct-resource-calls, with: {name: target}}
  - {id: ct-key-calls, with: {key: access_key_id}}
  - {id: ct-principal-calls, with: {principal: principal}}
means: A way into the network that no security group of the internet's side stops.
noise: "Network engineering, announced."
cite: "Amazon VPC Peering Guide, accept a peering connection; AWS Client VPN Administrator Guide; ATT&CK T1133"
---*/
SELECT event_time AS time, 'cloudtrail' AS source, coalesce(user_arn, user_name, user_principal_id, user_invoked_by) AS principal, source_ip_address AS src_ip,
  coalesce(json_extract_scalar(request_parameters, '$.vpcPeeringConnectionId'), json_extract_scalar(response_elements, '$.vpcPeeringConnection.vpcPeeringConnectionId'), json_extract_scalar(response_elements, '$.vpnConnection.vpnConnectionId'), event_name) AS target,
  event_name || coalesce(' with account ' || json_extract_scalar(response_elements, '$.vpcPeeringConnection.requesterVpcInfo.ownerId'), '') || coalesce(' of ' || json_extract_scalar(response_elements, '$.vpcPeeringConnection.requesterVpcInfo.cidrBlock'), '') AS summary,
  event_source, event_name, error_code, aws_region, recipient_account_id AS account_id,
  user_access_key_id AS access_key_id, user_agent, event_id
FROM cloudtrail
WHERE event_time >= $since AND event_time < $until
  AND event_source = 'ec2.amazonaws.com' AND error_code IS NULL AND event_name IN ('AcceptVpcPeeringConnection', 'CreateVpcPeeringConnection', 'CreateVpnConnection', 'CreateClientVpnEndpoint', 'AuthorizeClientVpnIngress', 'CreateTransitGatewayVpcAttachment', 'AcceptTransitGatewayVpcAttachment', 'AcceptTransitGatewayPeeringAttachment')
ORDER BY 1, 3, 4, 5, 6
