-- The floor of the home screen: everything that it shows, in one statement. $1 is the customer.
select c.id, c.given_name, c.family_name, f.id, f.name,
       array(
           select row (m.role, p.id, p.given_name, p.family_name, array(
                      select row (k.id, k.phone_number, k.status, k.active_until, array(
                                 select row (a.purpose, b.remaining, b.reserved, b.valid_until)
                                   from account a
                                   join bucket b on b.account_id = a.id
                                  where a.owner_id = k.id
                                    and b.remaining > 0
                                    and (b.valid_until is null or b.valid_until > now())
                                  order by b.valid_until nulls last, b.origin, b.id))
                        from card k
                       where k.user_id = p.id
                       order by k.id))
             from family_member m
             join customer p on p.id = m.customer_id
            where m.family_id = f.id
            order by m.joined_at, p.id),
       array(
           select row (id, code, quantity, unit, valid_until)
             from bonus
            where customer_id = c.id
            order by id desc
            limit 5),
       array(
           select row (id, status, created_at, amount_minor)
             from top_up
            where customer_id = c.id
            order by id desc
            limit 5)
  from customer c
  left join family_member mine on mine.customer_id = c.id
  left join family f on f.id = mine.family_id
 where c.id = $1
