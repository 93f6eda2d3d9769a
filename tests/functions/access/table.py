"""What everybody gets from every operation; kept by the matrix beside it. requests.py has the requests.

Everything is the owner's, of the first organisation; the reader reads the document, the stranger and the
foreign manager are of another organisation, root administers the installation, the service comes from the
tenant. The last three are personal access tokens of one scope: two of the owner, one of root. `nobody` is
whoever brings no token, or one that is none any more.
"""

# fmt: off
_TABLE = """
operation                  nobody other owner reader stranger manager foreign  root service query ingest admin
query                         401   200   200    200      200     200     200   200     200   200    403   403
query/conversation            401   404   200    404      404     404     404   404     404   200    403   403
search                        401   200   200    200      200     200     200   200     200   200    403   403
chat                          401   200   200    200      200     200     200   200     200   200    403   403
chat/conversation             401   404   200    404      404     404     404   404     404   200    403   403
chat_stream                   401   200   200    200      200     200     200   200     200   200    403   403
chat_stream/conversation      401   404   200    404      404     404     404   404     404   200    403   403
list_models                   401   200   200    200      200     200     200   200     200   200    403   403
model                         401   200   200    200      200     200     200   200     200   200    403   403
create_completion             401   200   200    200      200     200     200   200     200   200    403   403
register                      400   400   400    400      400     400     400   400     400   400    400   400
create_token                  400   400   400    400      400     400     400   400     400   400    400   400
revoke_token                  200   200   200    200      200     200     200   200     200   200    200   200
me                            401   200   200    200      200     200     200   200     200   200    200   200
sign_in_options               200   200   200    200      200     200     200   200     200   200    200   200
jwks                          200   200   200    200      200     200     200   200     200   200    200   200
list_sessions                 401   200   200    200      200     200     200   200     200   403    403   403
end_sessions                  401   204   204    204      204     204     204   204     204   403    403   403
end_session                   401   404   204    404      404     404     404   404     404   403    403   403
change_password               401   403   403    403      403     403     403   403     403   403    403   403
list_tokens                   401   200   200    200      200     200     200   200     200   403    403   403
create_personal_token         401   201   201    201      201     201     201   201     403   403    403   403
revoke_personal_token         401   404   204    404      404     404     404   404     404   403    403   403
documents_summary             401   200   200    200      200     200     200   200     200   200    200   403
list_documents                401   200   200    200      200     200     200   200     200   200    200   403
document                      401   404   200    200      404     404     404   404     404   200    200   403
update_document               401   404   200    403      404     404     404   404     404   403    200   403
delete_document               401   404   204    403      404     404     404   404     404   403    204   403
retry_document                401   404   202    403      404     404     404   404     404   403    202   403
retry_documents               401   202   202    202      202     202     202   202     202   403    202   403
document_page                 401   404   404    404      404     404     404   404     404   404    403   403
document_content              401   404   200    200      404     404     404   404     404   200    403   403
upload_document               401   202   202    202      202     202     202   202     202   403    202   403
upload_document/shared        401   403   403    403      403     403     403   202     403   403    403   403
upload_document/organisation  401   403   403    403      403     202     403   202     403   403    403   403
upload_documents              401   400   400    400      400     400     400   400     400   403    400   403
create_upload                 401   200   200    200      200     200     200   200     200   403    200   403
create_upload/shared          401   403   403    403      403     403     403   200     403   403    403   403
list_folders                  401   200   200    200      200     200     200   200     200   200    200   403
set_folder                    401   200   200    200      200     200     200   200     200   403    200   403
set_folder/shared             401   403   403    403      403     403     403   200     403   403    403   403
set_folder/organisation       401   403   403    403      403     200     403   200     403   403    403   403
delete_folder                 401   404   404    404      404     404     404   404     404   403    404   403
delete_folder/shared          401   403   403    403      403     403     403   404     403   403    403   403
export_conversations          401   200   200    200      200     200     200   200     200   200    403   403
export_conversation           401   404   200    404      404     404     404   404     404   200    403   403
list_conversations            401   200   200    200      200     200     200   200     200   200    403   403
delete_conversations          401   204   204    204      204     204     204   204     204   204    403   403
conversation                  401   404   200    404      404     404     404   404     404   200    403   403
rename_conversation           401   404   200    404      404     404     404   404     404   200    403   403
delete_conversation           401   404   204    404      404     404     404   404     404   204    403   403
give_feedback                 401   404   201    404      404     404     404   404     404   201    403   403
list_organisations            401   403   403    403      403     403     403   200     403   403    403   200
create_organisation           401   403   403    403      403     403     403   201     403   403    403   201
rename_organisation           401   403   403    403      403     403     403   200     403   403    403   200
delete_organisation           401   403   403    403      403     403     403   409     403   403    403   409
list_users                    401   403   403    403      403     200     200   200     403   403    403   200
list_users/organisation       401   403   403    403      403     200     404   200     403   403    403   200
create_user                   401   403   403    403      403     201     201   201     403   403    403   201
create_user/organisation      401   403   403    403      403     400     404   400     403   403    403   400
user                          401   403   403    403      403     200     404   200     403   403    403   200
update_user                   401   403   403    403      403     200     404   200     403   403    403   200
update_user/administrator     401   403   403    403      403     403     404   200     403   403    403   200
end_user_sessions             401   403   403    403      403     204     404   204     403   403    403   204
list_groups                   401   200   200    200      200     200     200   200     200   403    403   200
list_groups/organisation      401   200   200    200      404     200     404   200     200   403    403   200
create_group                  401   403   403    403      403     201     201   201     403   403    403   201
create_group/organisation     401   403   403    403      403     201     404   201     403   403    403   201
group                         401   200   200    200      404     200     404   200     200   403    403   200
rename_group                  401   403   403    403      404     200     404   200     403   403    403   200
delete_group                  401   403   403    403      404     204     404   204     403   403    403   204
add_member                    401   403   403    403      404     204     404   204     403   403    403   204
remove_member                 401   403   403    403      404     204     404   204     403   403    403   204
usage                         401   200   200    200      200     200     200   200     200   200    403   200
usage/user                    401   403   200    403      403     403     403   200     403   200    403   200
list_indexes                  401   403   403    403      403     403     403   200     403   403    403   200
build_index                   401   403   403    403      403     403     403   422     403   403    403   422
rollback_index                401   403   403    403      403     403     403   409     403   403    403   409
gate_index                    401   403   403    403      403     403     403   409     403   403    403   409
promote_index                 401   403   403    403      403     403     403   409     403   403    403   409
remove_index                  401   403   403    403      403     403     403   409     403   403    403   409
live                          200   200   200    200      200     200     200   200     200   200    200   200
ready                         200   200   200    200      200     200     200   200     200   200    200   200
metrics                       200   200   200    200      200     200     200   200     200   200    200   200
openapi                       200   200   200    200      200     200     200   200     200   200    200   200
api_docs                      200   200   200    200      200     200     200   200     200   200    200   200
home                          307   307   307    307      307     307     307   307     307   307    307   307
chat_page                     200   200   200    200      200     200     200   200     200   200    200   200
web_file                      200   200   200    200      200     200     200   200     200   200    200   200
"""
# fmt: on


def expected() -> dict[str, tuple[int, tuple[int, ...]]]:
    """By request: nobody's status, and those of `ACTORS`."""
    rows = [line.split() for line in _TABLE.split("\n")[2:-1]]
    return {name: (int(nobody), tuple(map(int, statuses))) for name, nobody, *statuses in rows}
