-- Every entry balances, and money moves between the accounts that its kind says.
select workspace_id, id as row_id,
       format('The legs of this %s do not belong together: available %s, held %s, %s %s.', entry_type, available_delta,
              held_delta, coalesce(contra_account, 'nothing'), contra_delta) as sentence
from ledger_entries
where available_delta + held_delta + contra_delta <> 0
   or case entry_type
          when 'reserve' then held_delta < 0 or contra_delta <> 0
          when 'release' then held_delta > 0 or contra_delta <> 0
          when 'settle' then held_delta > 0 or contra_delta < 0 or contra_account is distinct from 'revenue'
          when 'charge' then held_delta <> 0 or contra_delta < 0 or contra_account is distinct from 'revenue'
          when 'topup' then held_delta <> 0 or contra_delta > 0 or contra_account not in ('card_in', 'promo')
          when 'adjust' then held_delta <> 0 or contra_account is distinct from 'adjustments'
      end
