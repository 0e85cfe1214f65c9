//! The formats of well-known services' tokens.

/// The bytes that a token consists of, after its prefix.
#[derive(Clone, Copy)]
pub(super) enum Body {
    /// Letters and digits, with at least one digit, up to the end of the word.
    Alnum,
    /// Hexadecimal digits, up to the end of the word.
    Hex,
    /// Capitals and digits, up to the end of the word.
    Upper,
    /// Letters, up to the end of the word.
    Letters,
    /// Letters, digits, `_` and `-`.
    Url,
    /// These and `.`.
    Dotted,
    /// Letters, digits, `_`, `-`, `+`, `/` and `=`.
    Base64,
}

pub(super) struct Format {
    pub(super) prefixes: &'static [&'static str],
    pub(super) body: Body,
    /// The least length of the body. Shorter than that of real tokens where no word has the prefix.
    pub(super) min: usize,
    /// The service's documentation or, where it says nothing of the format, a rule of gitleaks.
    #[allow(dead_code, reason = "for the reader, and for a test")]
    pub(super) source: &'static str,
}

macro_rules! formats {
    ($($source:literal: $($body:ident $min:literal [$($prefix:literal),+])+;)+) => {
        &[$($(Format { prefixes: &[$($prefix),+], body: Body::$body, min: $min, source: $source },)+)+]
    };
}

/// Each row: the source, then forms of `Body min [prefixes]`.
#[rustfmt::skip]
pub(super) const FORMATS: &[Format] = formats! {
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html":
        Upper 16 ["AKIA", "ASIA", "ABIA", "ACCA"];
    "https://github.com/gitleaks/gitleaks/blob/master/cmd/generate/config/rules/aws.go":
        Base64 40 ["ABSK"] Base64 8 ["bedrock-api-key-"];
    "https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github":
        Alnum 16 ["ghp_", "gho_", "ghu_", "ghs_", "ghr_"] Url 16 ["github_pat_"];
    "https://docs.gitlab.com/security/tokens/":
        Dotted 16 ["glpat-", "gloas-", "gldt-", "glrt-", "glrtr-", "glcbt-", "glptt-", "glft-", "glimt-", "glagent-",
            "glwt-", "glsoat-", "glffct-"]
        Url 20 ["GR1348941"];
    "https://docs.slack.dev/authentication/tokens":
        Dotted 8 ["xoxb-", "xoxp-", "xoxa-", "xoxr-", "xoxs-", "xoxo-", "xoxc-", "xoxd-", "xoxe-", "xoxe.", "xapp-",
            "xwfp-"];
    "https://docs.stripe.com/keys":
        Alnum 8 ["sk_live_", "sk_test_", "rk_live_", "rk_test_", "sk_prod_"];
    "https://docs.stripe.com/webhooks":
        Base64 16 ["whsec_"];
    "https://cloud.google.com/docs/authentication/api-keys":
        Url 30 ["AIza"];
    "https://developers.google.com/identity/protocols/oauth2":
        Url 16 ["GOCSPX-"] Dotted 16 ["ya29."] Url 20 ["1//0"];
    "https://platform.openai.com/docs/api-reference/authentication":
        Url 12 ["sk-proj-", "sk-svcacct-", "sk-admin-", "sk-None-"] Alnum 20 ["sk-"];
    "https://docs.claude.com/en/api/overview":
        Url 8 ["sk-ant-"];
    "https://huggingface.co/docs/hub/security-tokens":
        Alnum 30 ["hf_"] Letters 30 ["hf_", "api_org_"];
    "https://docs.npmjs.com/about-access-tokens":
        Alnum 30 ["npm_"];
    "https://pypi.org/help/#apitoken":
        Url 16 ["pypi-AgE"];
    "https://guides.rubygems.org/api-key-scopes/":
        Hex 32 ["rubygems_"];
    "https://doc.rust-lang.org/cargo/reference/registries.html":
        Alnum 32 ["cio"];
    "https://docs.docker.com/security/access-tokens/":
        Url 16 ["dckr_pat_", "dckr_oat_"];
    "https://docs.digitalocean.com/reference/api/create-personal-access-token/":
        Hex 32 ["dop_v1_", "doo_v1_", "dor_v1_"];
    "https://devcenter.heroku.com/articles/platform-api-quickstart":
        Url 20 ["HRKU-"];
    "https://shopify.dev/docs/apps/build/authentication-authorization":
        Hex 20 ["shpat_", "shpca_", "shppa_", "shpss_", "shpua_"];
    "https://www.twilio.com/docs/iam/api-keys":
        Hex 32 ["SK"];
    "https://www.twilio.com/docs/sendgrid/ui/account-and-settings/api-keys":
        Dotted 32 ["SG."];
    "https://github.com/gitleaks/gitleaks/blob/master/cmd/generate/config/rules/mailgun.go":
        Hex 32 ["key-"];
    "https://developers.brevo.com/docs/getting-started":
        Url 16 ["xkeysib-", "xsmtpsib-"];
    "https://resend.com/docs/api-reference/introduction":
        Url 24 ["re_"];
    "https://www.mailersend.com/help/managing-api-tokens":
        Hex 32 ["mlsn."];
    "https://developer.squareup.com/docs/build-basics/access-tokens":
        Url 20 ["sq0atp-", "sq0csp-"] Url 40 ["EAAA"];
    "https://docs.databricks.com/aws/en/dev-tools/auth/pat":
        Hex 32 ["dapi"];
    "https://developer.hashicorp.com/vault/docs/concepts/tokens":
        Dotted 20 ["hvs.", "hvb.", "hvr."] Alnum 24 ["s."];
    "https://github.com/gitleaks/gitleaks/blob/master/cmd/generate/config/rules/atlassian.go":
        Base64 20 ["ATATT3", "ATCTT3", "ATSTT3", "ATBB"];
    "https://linear.app/developers/graphql":
        Alnum 20 ["lin_api_", "lin_oauth_"];
    "https://developers.notion.com/docs/authorization":
        Alnum 30 ["ntn_", "secret_"];
    "https://airtable.com/developers/web/guides/personal-access-tokens":
        Dotted 60 ["pat"];
    "https://developers.figma.com/docs/rest-api/authentication/":
        Url 20 ["figd_", "figo_", "figoh_"];
    "https://grafana.com/docs/grafana/latest/administration/service-accounts/":
        Url 20 ["glsa_"] Base64 24 ["glc_", "eyJrIjoi"];
    "https://docs.newrelic.com/docs/apis/intro-apis/new-relic-api-keys/":
        Upper 20 ["NRAK-"] Url 20 ["NRII-", "NRRA-", "NRSP-"] Hex 16 ["NRJS-"];
    "https://docs.sentry.io/account/auth-tokens/":
        Base64 20 ["sntrys_"] Hex 32 ["sntryu_", "sntrya_", "sntryi_"];
    "https://planetscale.com/docs/api/reference/service-tokens":
        Dotted 20 ["pscale_tkn_", "pscale_pw_", "pscale_oauth_"];
    "https://supabase.com/docs/guides/api/api-keys":
        Url 20 ["sbp_", "sb_secret_", "sbp_oauth_"];
    "https://neon.com/docs/manage/api-keys":
        Alnum 30 ["napi_"];
    "https://developers.cloudflare.com/ssl/origin-configuration/origin-ca/":
        Url 60 ["v1.0-"];
    "https://docs.netlify.com/api-and-cli-guides/api-guides/get-started-with-api/":
        Alnum 30 ["nfp_"];
    "https://fly.io/docs/security/tokens/":
        Base64 40 ["fo1_", "fm1r_", "fm1a_", "fm2_"];
    "https://docs.doppler.com/docs/service-tokens":
        Dotted 24 ["dp.pt.", "dp.st.", "dp.ct.", "dp.sa.", "dp.scim.", "dp.audit."];
    "https://www.pulumi.com/docs/administration/access-identity/access-tokens/":
        Hex 32 ["pul-"];
    "https://learning.postman.com/docs/developer/postman-api/authentication/":
        Url 20 ["PMAK-"];
    "https://buildkite.com/docs/apis/managing-api-tokens":
        Alnum 24 ["bkua_", "bkaj_", "bkct_"];
    "https://circleci.com/docs/managing-api-tokens/":
        Url 20 ["CCIPAT_", "CCIPRJ_"];
    "https://docs.sonarsource.com/sonarqube-server/latest/user-guide/managing-tokens/":
        Hex 32 ["squ_", "sqa_", "sqp_"];
    "https://github.com/FiloSottile/age":
        Upper 30 ["AGE-SECRET-KEY-1"];
    "https://developer.1password.com/docs/service-accounts/":
        Base64 40 ["ops_eyJ"];
    "https://tailscale.com/kb/1252/key-secret-types":
        Url 12 ["tskey-auth-", "tskey-api-", "tskey-client-", "tskey-scim-", "tskey-webhook-"];
    "https://www.alibabacloud.com/help/en/ram/user-guide/create-an-accesskey-pair":
        Alnum 16 ["LTAI"];
    "https://www.tencentcloud.com/document/product/598/34228":
        Alnum 32 ["AKID"];
    "https://developers.facebook.com/docs/facebook-login/guides/access-tokens/":
        Alnum 60 ["EAA"];
    "https://www.dropbox.com/developers/documentation/http/documentation":
        Dotted 60 ["sl."];
    "https://docs.dynatrace.com/docs/manage/identity-access-management/access-tokens-and-oauth-clients/access-tokens":
        Dotted 40 ["dt0c01.", "dt0s01.", "dt0s16."];
    "https://docs.easypost.com/docs/authentication":
        Alnum 40 ["EZAK", "EZTK"];
    "https://developer.flutterwave.com/docs/authentication":
        Url 12 ["FLWSECK-", "FLWSECK_TEST-"];
    "https://goshippo.com/docs/authentication":
        Hex 32 ["shippo_live_", "shippo_test_"];
    "https://plaid.com/docs/api/tokens/":
        Url 30 ["access-sandbox-", "access-development-", "access-production-"];
    "https://docs.mapbox.com/help/dive-deeper/access-tokens/":
        Dotted 20 ["sk.eyJ"];
    "https://docs.prefect.io/v3/manage/cloud/manage-users/api-keys":
        Alnum 30 ["pnu_", "pnb_"];
    "https://github.com/gitleaks/gitleaks/blob/master/cmd/generate/config/rules/readme.go":
        Alnum 40 ["rdme_"];
    "https://www.typeform.com/developers/get-started/personal-access-token/":
        Url 40 ["tfp_"];
    "https://www.contentful.com/developers/docs/references/authentication/":
        Url 32 ["CFPAT-"];
    "https://console.groq.com/docs/api-reference":
        Alnum 30 ["gsk_"];
    "https://docs.perplexity.ai/getting-started/quickstart":
        Alnum 30 ["pplx-"];
    "https://replicate.com/docs/topics/security/api-tokens":
        Alnum 30 ["r8_"];
    "https://docs.x.ai/docs/overview":
        Alnum 40 ["xai-"];
    "https://openrouter.ai/docs/api-reference/authentication":
        Hex 32 ["sk-or-v1-"];
    "https://docs.pinecone.io/guides/projects/manage-api-keys":
        Url 30 ["pcsk_"];
    "https://docs.langchain.com/langsmith/create-account-api-key":
        Url 32 ["lsv2_pt_", "lsv2_sk_"];
    "https://docs.nvidia.com/nim/":
        Url 30 ["nvapi-"];
    "https://elevenlabs.io/docs/api-reference/authentication":
        Hex 32 ["sk_"];
    "https://developers.hubspot.com/docs/guides/apps/private-apps/overview":
        Url 30 ["pat-na1-", "pat-na2-", "pat-eu1-"];
    "https://posthog.com/docs/api":
        Alnum 30 ["phx_"];
    "https://launchdarkly.com/docs/sdk/concepts/client-side-server-side":
        Url 36 ["sdk-", "api-"];
    "https://www.honeycomb.io/docs/":
        Alnum 30 ["hcaik_", "hcxik_", "hcalk_"];
    "https://axiom.co/docs/reference/tokens":
        Url 30 ["xaat-", "xapt-"];
    "https://aiven.io/docs/platform/concepts/authentication-tokens":
        Url 15 ["AVNS_"];
    "https://learn.microsoft.com/en-us/nuget/nuget-org/scoped-api-keys":
        Alnum 40 ["oy2"];
    "https://github.com/clojars/clojars-web/wiki/Deploy-Tokens":
        Hex 32 ["CLOJARS_"];
    "https://jfrog.com/help/r/jfrog-platform-administration-documentation/access-tokens":
        Alnum 60 ["AKCp"] Alnum 50 ["cmVmd"];
    "https://sourcegraph.com/docs/cli/how-tos/creating_an_access_token":
        Url 40 ["sgp_", "slk_"];
    "https://www.infracost.io/docs/":
        Alnum 30 ["ico-"];
    "https://octopus.com/docs/octopus-rest-api/how-to-create-an-api-key":
        Upper 25 ["API-"];
    "https://github.com/gitleaks/gitleaks/blob/master/cmd/generate/config/rules/harness.go":
        Dotted 60 ["pat.", "sat."];
    "https://docs.openshift.com/container-platform/latest/authentication/configuring-oauth-clients.html":
        Url 40 ["sha256~"];
    "https://clickhouse.com/docs/cloud/manage/openapi":
        Alnum 38 ["4b1d"];
    "https://docs.scaleway.com/en/identity-and-access-management/iam/how-to/create-api-keys/":
        Upper 17 ["SCW"];
    "https://yandex.cloud/en/docs/iam/concepts/authorization/iam-token":
        Dotted 50 ["t1."] Url 35 ["AQVN"];
    "https://duffel.com/docs/api/overview/making-requests":
        Url 30 ["duffel_live_", "duffel_test_"];
    "https://www.rfc-editor.org/rfc/rfc7468":
        Base64 8 ["LS0tLS1CRUdJTiBQUklWQVRF", "LS0tLS1CRUdJTiBSU0EgUFJJVkFURS", "LS0tLS1CRUdJTiBFQyBQUklWQVRF",
            "LS0tLS1CRUdJTiBPUEVOU1NI", "LS0tLS1CRUdJTiBFTkNSWVBURUQ"];
};
