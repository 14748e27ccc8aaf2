//! The checks of a caller of the export routes. Rule: spec/exports.md §2, rows 2 to 5.

use model::catalogue;
use model::id::{ProviderId, is_valid_id};
use model::permission::Permission;
use reports::exports::ExportType;
use reports::request::{FieldErrors, MessageStyle, Parameters, RawParameters};
use store::port::{KeyRange, Snapshot};

use crate::app::App;
use crate::auth::admission::AdmittedRequest;
use crate::error::{ApiError, ErrorCode};
use crate::settings::ExportRules;

/// The parameters that a query may have.
#[derive(Debug, Clone, Copy)]
pub struct AllowedParameters {
    /// Parameters that are always accepted.
    pub always: &'static [&'static str],
    /// Parameters that strict mode refuses.
    pub added: &'static [&'static str],
}

/// Only the parameter `site_id`.
pub const SITE_ONLY: AllowedParameters = AllowedParameters { always: &["site_id"], added: &[] };

/// A caller who may export.
#[derive(Debug, Clone)]
pub struct ExportCaller {
    /// The admitted request, with caller and provider.
    pub admitted: AdmittedRequest,
    /// The export rules of the provider.
    pub(crate) rules: ExportRules,
    /// Ids of the provider's sites.
    pub(crate) sites: Vec<i64>,
}

/// Checks that the caller may export, in the specified order. Fails with the error of the first
/// check that fails. Blocking.
pub fn admit_export_caller(
    app: &App,
    admitted: AdmittedRequest,
    query: &RawParameters,
    names: AllowedParameters,
    is_request: bool,
) -> Result<ExportCaller, ApiError> {
    let rules = app.settings().exports.rules(admitted.provider.id);
    check_exports_enabled(admitted.provider.exports_enabled, &rules)?;
    check_permission(&admitted, Permission::Exports)?;
    let snapshot = app.store().snapshot().map_err(ApiError::from_store_error)?;
    let sites = sites(snapshot.as_ref(), admitted.provider.id)?;
    drop(snapshot);
    let is_required = (is_request || rules.is_strict) && !sites.is_empty();
    let mut asked = Parameters::new(query, MessageStyle::NamedSentence);
    let site = site(&mut asked, is_required);
    check_names(asked, names, rules.is_strict).map_err(ApiError::parameters)?;
    match site {
        Some(site) if !sites.contains(&site) => {
            let message = "The site is not one of this account.";
            Err(ApiError::new(ErrorCode::SiteForbidden, message))
        }
        _ => Ok(ExportCaller { admitted, rules, sites }),
    }
}

fn check_names(
    mut asked: Parameters<'_>,
    AllowedParameters { always, added }: AllowedParameters,
    is_strict: bool,
) -> Result<(), FieldErrors> {
    for name in added.iter().filter(|_| is_strict) {
        if asked.has(name) {
            let message = format!("The {name} field is not allowed: exports.strict is on.");
            asked.errors.push(name, message);
        }
    }
    asked.skip(always);
    asked.skip(added);
    asked.finish()
}

/// Fails unless exports are enabled for the provider.
pub(crate) fn check_exports_enabled(is_enabled: bool, rules: &ExportRules) -> Result<(), ApiError> {
    if is_enabled {
        return Ok(());
    }
    let message = "Exports are not enabled for this account.";
    let error = ApiError::new(ErrorCode::ExportsNotEnabled, message);
    Err(ApiError { status: Some(rules.gate_status), ..error })
}

fn check_permission(admitted: &AdmittedRequest, flag: Permission) -> Result<(), ApiError> {
    if admitted.principal.permissions.allow_any(&[flag]) {
        return Ok(());
    }
    let message = format!("This needs the permission {}.", flag.as_str());
    Err(ApiError::new(ErrorCode::PermissionDenied, message))
}

impl ExportCaller {
    /// Returns the provider of the request.
    pub fn provider(&self) -> ProviderId {
        self.admitted.provider.id
    }

    /// Fails unless the caller may export this type.
    pub(crate) fn check_may_export(&self, kind: &ExportType) -> Result<(), ApiError> {
        if kind.is_package() {
            check_permission(&self.admitted, Permission::Accounting)
        } else {
            Ok(())
        }
    }
}

fn site(asked: &mut Parameters<'_>, is_required: bool) -> Option<i64> {
    let text = if is_required { asked.required("site_id") } else { asked.text("site_id") }?;
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let site = text.parse().ok().filter(|id| is_digits && is_valid_id(*id));
    if site.is_none() {
        asked.errors.push("site_id", "The site_id must be an integer.");
    }
    site
}

/// Returns the ids of a provider's sites.
fn sites(snapshot: &dyn Snapshot, provider: ProviderId) -> Result<Vec<i64>, ApiError> {
    let mut sites = Vec::new();
    let Some(table) = catalogue::table("sites") else { return Ok(sites) };
    let read = snapshot.rows(table, KeyRange::for_provider(provider), &mut |row| {
        sites.push(row.key().id);
        Ok(())
    });
    read.map_err(ApiError::from_store_error)?;
    Ok(sites)
}
